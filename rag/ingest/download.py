"""Downloads: an archive fetched from an https address, and never from the operator's own network."""

from __future__ import annotations

import socket
import time
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2

from rag.errors import IngestError
from rag.ingest.archive import unpack

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator


MAX_DOWNLOAD_BYTES = 512 * 2**20
DOWNLOAD_TIMEOUT_S = 20.0
"""Without a byte; DOWNLOAD_LIMIT_S is for all of it."""
DOWNLOAD_LIMIT_S = 900.0
MAX_REDIRECTS = 5
WRAPPING = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""NAT64 (RFC 6052) and IPv4-compatible addresses: the last 32 bits are an IPv4 address."""


def download(address: str, passed_over: Counter[str]) -> Iterator[tuple[str, bytes | str]]:
    """Fetch an archive and yield its files; raise IngestError when it can't be had."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        message = f"{address} is not an https address."
        raise IngestError(message, hint="Download the archive yourself and give its path.")
    with TemporaryFile() as file:
        try:
            with httpx2.Client(timeout=DOWNLOAD_TIMEOUT_S) as client:
                _save(_follow(client, address), file, address)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            message = f"{address} can't be fetched ({reason[:120]})."
            raise IngestError(message, hint="Download the archive elsewhere and give its path.") from error
        file.seek(0)
        yield from unpack(file, address, passed_over)


def _follow(client: httpx2.Client, address: str) -> httpx2.Response:
    """Return the answer that an address leads to, its body still to be read."""
    request = client.build_request("GET", address)
    for _ in range(MAX_REDIRECTS):
        response = client.send(request, stream=True)
        if response.next_request is None:
            return response.raise_for_status()
        response.close()
        request = response.next_request
        _check_redirect(address, str(request.url))
    message = f"{address} leads from one address to the next without an end: refused."
    raise IngestError(message)


def _check_redirect(named: str, target: str) -> None:
    """Refuse to be led into the operator's own network: only the host that they named may lie there."""
    parts = urlsplit(target)
    host = parts.hostname or ""
    if host == urlsplit(named).hostname and parts.scheme == urlsplit(named).scheme:
        return
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)}
    except OSError:
        found = set()  # a proxy may know it; fetching tells
    if parts.scheme != "https" or not all(map(_is_public, found)):
        message = f"{named} leads to {parts.scheme}://{host}, which is not a public https address: refused."
        raise IngestError(message, hint="Give that address itself if you trust it.")


def _is_public(address: str) -> bool:
    """Tell an address that everybody reaches; of one that only wraps an IPv4 address, what is in it."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1] or found
    if isinstance(found, IPv6Address) and any(found in network for network in WRAPPING):
        found = IPv4Address(int(found) & 0xFFFF_FFFF)
    return found.is_global and not found.is_multicast


def _save(response: httpx2.Response, file: IO[bytes], address: str) -> None:
    size, begun = 0, time.monotonic()
    for block in response.iter_bytes():
        size += len(block)
        if size > MAX_DOWNLOAD_BYTES:
            message = f"{address} is larger than {MAX_DOWNLOAD_BYTES >> 20} MiB: refused."
            raise IngestError(message)
        if time.monotonic() - begun > DOWNLOAD_LIMIT_S:
            message = f"{address} has not come whole in {DOWNLOAD_LIMIT_S / 60:.0f} minutes."
            raise IngestError(message, hint="Download the archive elsewhere and give its path.")
        file.write(block)
