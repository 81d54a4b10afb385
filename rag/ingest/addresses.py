"""Addresses tried: whether a page is where a citation would say, and the heading in it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit

import httpx2
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TIMEOUT_S = 10.0
MAX_PAGE_BYTES = 4 * 2**20


def try_addresses(addresses: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each address with what is found there; a host that can't be reached is asked once."""
    away: set[str] = set()
    with httpx2.Client(timeout=TIMEOUT_S, follow_redirects=True) as client:
        for address in addresses:
            host = urlsplit(address).netloc
            if host in away:
                yield address, f"not tried, since {host} can't be reached"
                continue
            try:
                yield address, _found_at(client, address)
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                away.add(host)
                reason = " ".join(str(error).split()) or type(error).__name__
                yield address, f"can't be reached ({reason[:80]})"


def _found_at(client: httpx2.Client, address: str) -> str:
    page, anchor = urldefrag(address)
    with client.stream("GET", page) as response:
        if not response.is_success:
            return f"not there ({response.status_code})"
        content = bytearray()
        for block in response.iter_bytes():
            content += block
            if len(content) > MAX_PAGE_BYTES:
                return "there, and too large to look for its heading"
    if not anchor:
        return "there"
    found = BeautifulSoup(bytes(content), "lxml").find(lambda tag: anchor in (tag.get("id"), tag.get("name")))
    return "there" if found else f"there, but no heading in it is called #{anchor}"
