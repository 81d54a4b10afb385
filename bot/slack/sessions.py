"""HTTP sessions to Slack, through the proxy that the environment names for it: HTTP or SOCKS, or none.

aiohttp would look for another proxy for WebSockets (`WSS_PROXY`), knows no ALL_PROXY and no SOCKS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp_socks import ProxyConnector
from yarl import URL

from rag import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

SOCKS = {"socks4": "socks4", "socks4a": "socks4", "socks5": "socks5", "socks5h": "socks5", "socks": "socks5"}
"""What proxies are called in the environment, and what the connector calls them."""
HTTP = ("http", "https")


def open_session(
    address: str,
    *,
    timeout: aiohttp.ClientTimeout | None = None,
    middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
    **connector: Any,
) -> aiohttp.ClientSession:
    """Open a session to an address and what belongs to it; `connector` are a TCPConnector's arguments.

    Raise SettingsError for a proxy that can't be used.
    """
    proxy = proxy_for(address)
    timeout = timeout or aiohttp.ClientTimeout(total=None)
    try:
        if proxy.startswith(HTTP) or not proxy:
            direct = aiohttp.TCPConnector(**connector)
            through = URL(proxy) if proxy else None
            return aiohttp.ClientSession(connector=direct, timeout=timeout, proxy=through, middlewares=middlewares)
        socks = ProxyConnector.from_url(proxy, rdns=True, **connector)  # names are looked up where the proxy stands
    except ValueError as error:
        message = "The proxy that the environment names for Slack can't be used: it is no address of one."
        hint = "It looks like http://HOST:PORT or socks5://HOST:PORT in HTTPS_PROXY or ALL_PROXY."
        raise SettingsError(message, hint=hint) from error
    return aiohttp.ClientSession(connector=socks, timeout=timeout, middlewares=middlewares)


def proxy_for(address: str) -> str:
    """Return the proxy that the environment names for an address, "" for none; raise SettingsError for another kind.

    What `NO_PROXY` names, this machine among it, is reached directly.
    """
    parts, proxies = urlsplit(address), getproxies()
    if proxy_bypass(parts.netloc):
        return ""
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    scheme, separator, rest = proxy.partition("://")
    if not proxy or not separator:
        return f"http://{proxy}" if proxy else ""
    if scheme.lower() not in {*SOCKS, *HTTP}:
        message = f"The environment names a proxy of a kind that is not known: {scheme}."
        raise SettingsError(message, hint="Check HTTPS_PROXY and ALL_PROXY.")
    return f"{SOCKS.get(scheme.lower(), scheme.lower())}://{rest}"
