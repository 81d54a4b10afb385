"""HTTP sessions to Slack, through the proxy that the environment names for it: HTTP, HTTPS or SOCKS, or none.

aiohttp knows HTTP proxies alone, and takes them from the environment by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp_socks import ProxyConnector

from rag import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

SOCKS = {"socks4": "socks4", "socks4a": "socks4", "socks5": "socks5", "socks5h": "socks5", "socks": "socks5"}
"""What proxies are called in the environment, and what the connector calls them."""


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
    proxy = socks_proxy(address)
    timeout = timeout or aiohttp.ClientTimeout(total=None)
    if not proxy:
        direct = aiohttp.TCPConnector(**connector)
        return aiohttp.ClientSession(connector=direct, timeout=timeout, trust_env=True, middlewares=middlewares)
    try:
        through = ProxyConnector.from_url(proxy, rdns=True, **connector)  # names are looked up where the proxy stands
    except ValueError as error:
        message = "The SOCKS proxy that the environment names for Slack can't be used: it is no address of one."
        raise SettingsError(message, hint="It looks like socks5://HOST:PORT in HTTPS_PROXY or ALL_PROXY.") from error
    return aiohttp.ClientSession(connector=through, timeout=timeout, middlewares=middlewares)


def socks_proxy(address: str) -> str:
    """Return the SOCKS proxy that the environment names for an address; "" where it names none, or another kind.

    What `NO_PROXY` names, this machine among it, is reached directly.
    """
    parts, proxies = urlsplit(address), getproxies()
    if proxy_bypass(parts.netloc):
        return ""
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    scheme, _, rest = proxy.partition("://")
    return f"{SOCKS[scheme.lower()]}://{rest}" if scheme.lower() in SOCKS else ""
