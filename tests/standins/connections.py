"""What a process talks to: its sockets, as Linux shows them, looked at again and again."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_EVERY_S = 0.002
NAME_SERVICE = 53
Peer = tuple[str, int]


@contextmanager
def watching(pid: int) -> Iterator[set[Peer]]:
    """Give the peers outside this machine, and the name servers, that a process had a socket to meanwhile."""
    seen: set[Peer] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_EVERY_S):
            seen.update(peer for peer in _peers(pid) if _is_outside(peer))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _is_outside(peer: Peer) -> bool:
    host, port = peer
    address = ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None) or address
    return port == NAME_SERVICE or not (mapped.is_loopback or mapped.is_unspecified)


def _peers(pid: int) -> Iterator[Peer]:
    sockets = set(_sockets(pid))
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in _lines(Path(f"/proc/{pid}/net/{table}"))[1:]:
            fields = line.split()
            if fields[9] in sockets:
                host, _, port = fields[2].partition(":")
                yield _address(host), int(port, 16)


def _lines(path: Path) -> list[str]:
    with suppress(OSError):  # it may just have ended
        return path.read_text().splitlines()
    return []


def _sockets(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                kind, _, inode = str(descriptor.readlink()).partition(":")
                if kind == "socket":
                    yield inode.strip("[]")


def _address(hexadecimal: str) -> str:
    """Return an address from the kernel's words of four bytes, each in this machine's order."""
    words = [bytes.fromhex(hexadecimal[at : at + 8])[::-1] for at in range(0, len(hexadecimal), 8)]
    return str(ip_address(b"".join(words)))
