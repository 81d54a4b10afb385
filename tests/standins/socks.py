"""A SOCKS5 proxy for which every name is this machine; it remembers where it was asked to go."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION, NO_PASSWORD, GRANTED, IP_ADDRESS, NAME = 5, 0, 0, 1, 3


class SocksStandIn:
    """The proxy; `asked` are the hosts that were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection (RFC 1928), and carry bytes both ways until an end closes."""
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(bytes([VERSION, NO_PASSWORD]))
        *_, kind = await reader.readexactly(4)
        if kind == NAME:
            (length,) = await reader.readexactly(1)
            host = (await reader.readexactly(length)).decode()
        else:
            assert kind == IP_ADDRESS
            host = ".".join(map(str, await reader.readexactly(4)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(host)
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes([VERSION, GRANTED, 0, IP_ADDRESS, 127, 0, 0, 1, 0, 0]))
        await asyncio.gather(_carry(reader, back), _carry(there, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # an end that is cut ends both, as below
    finally:
        writer.close()


@contextmanager
def running_socks_proxy() -> Iterator[SocksStandIn]:
    """Run the proxy on a thread of its own."""
    proxy, loop = SocksStandIn(), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(proxy.serve, "127.0.0.1", 0))
    proxy.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield proxy
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    server.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
