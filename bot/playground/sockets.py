"""Socket Mode: single-use tickets, sockets of which each envelope goes to one, acks, and redelivery without one."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from bot.playground.web_api import WebApi
from bot.playground.workspace import APP_ID

if TYPE_CHECKING:
    from bot.playground.workspace import Json

REDELIVER_AFTER_S: tuple[float, ...] = (3.0, 60.0, 300.0)
"""Slack delivers an event that was not acknowledged three times more: at once, after a minute, after five."""


@dataclass
class Envelope:
    """An envelope on its way: when it went out and when it was acknowledged."""

    id: str
    type: str
    payload: Json
    sent_at: float
    retry_attempt: int
    acked_at: float | None = None
    reply: Json = field(default_factory=dict)


@dataclass(eq=False)
class Socket:
    """A Socket Mode connection."""

    response: web.WebSocketResponse
    request: web.Request

    @property
    def is_open(self) -> bool:
        """Whether both ends hold it."""
        return not self.response.closed and self.request.transport is not None


class SocketMode(WebApi):
    """A workspace whose events go to an app over its sockets."""

    def __init__(self) -> None:
        super().__init__()
        self.envelopes: list[Envelope] = []
        self.sockets: list[Socket] = []
        self.redeliver_after_s = REDELIVER_AFTER_S
        self.opened = 0
        """How many addresses were asked for."""
        self._tickets: set[str] = set()
        self._by_id: dict[str, Envelope] = {}
        self._random = random.Random(7)  # noqa: S311 - which socket gets an envelope

    def connected(self) -> bool:
        """Tell whether an app has a socket open."""
        return any(socket.is_open for socket in self.sockets)

    def send(self, type_: str, payload: Json, *, retry_attempt: int = 0) -> Envelope:
        """Send a payload in an envelope of its own."""
        envelope = Envelope(str(uuid.uuid4()), type_, payload, time.monotonic(), retry_attempt)
        self._remember(envelope)
        self.run(self._deliver(envelope))
        return envelope

    def refresh_connections(self) -> None:
        """Ask every socket to reconnect, as Slack does every few hours."""
        frame = {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "playground"}}
        self.run(self._close_all(json.dumps(frame)))

    def admits(self) -> bool:
        """Tell whether a handshake with a good ticket is let through."""
        return True

    def passes(self, socket: Socket) -> bool:
        """Tell whether a socket lets anything through, in and out."""
        return socket.is_open

    def open_connection(self) -> Json:
        """Return what apps.connections.open answers: an address for one handshake."""
        self.opened += 1
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return {"ok": True, "url": f"ws://127.0.0.1:{self.port}/link/?ticket={ticket}"}

    async def on_socket(self, request: web.Request) -> web.StreamResponse:
        """Hold a connection until its end."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="the ticket is not valid, or was used before")
        self._tickets.remove(ticket)
        if not self.admits():
            return web.Response(status=503)
        response = web.WebSocketResponse(autoping=False)
        await response.prepare(request)
        await response.send_json(self._hello())
        socket = Socket(response, request)
        self.sockets.append(socket)
        self.notify()
        async for frame in response:
            if not self.passes(socket):
                continue
            if frame.type == WSMsgType.PING:
                await response.pong(frame.data)
            elif frame.type == WSMsgType.TEXT:
                self._on_ack(json.loads(frame.data))
        self.sockets.remove(socket)
        self.notify()
        return response

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": 1 + sum(socket.is_open for socket in self.sockets),
            "debug_info": {"host": "playground", "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }

    def _remember(self, envelope: Envelope) -> None:
        with self.changed:
            self.envelopes.append(envelope)
            self._by_id[envelope.id] = envelope

    async def _deliver(self, envelope: Envelope) -> None:
        open_sockets = [socket for socket in self.sockets if socket.is_open]
        frame: Json = {"envelope_id": envelope.id, "type": envelope.type, "payload": envelope.payload}
        frame["accepts_response_payload"] = envelope.type == "slash_commands"
        if envelope.type == "events_api":
            frame["retry_attempt"] = envelope.retry_attempt
            frame["retry_reason"] = "timeout" if envelope.retry_attempt else ""
        if open_sockets:
            socket = self._random.choice(open_sockets)
            if self.passes(socket):
                with suppress(ConnectionError):
                    await socket.response.send_json(frame)
        if envelope.type == "events_api" and envelope.retry_attempt < len(self.redeliver_after_s):
            delay = self.redeliver_after_s[envelope.retry_attempt]
            asyncio.get_running_loop().call_later(delay, self._redeliver_unacked, envelope)

    def _redeliver_unacked(self, envelope: Envelope) -> None:
        if envelope.acked_at is None:
            attempt = envelope.retry_attempt + 1
            again = Envelope(str(uuid.uuid4()), envelope.type, envelope.payload, time.monotonic(), attempt)
            self._remember(again)
            task = asyncio.ensure_future(self._deliver(again))
            task.add_done_callback(lambda _: self.notify())

    def _on_ack(self, frame: Json) -> None:
        if envelope := self._by_id.get(frame.get("envelope_id", "")):
            envelope.acked_at, envelope.reply = time.monotonic(), frame.get("payload") or {}
        self.notify()

    async def _close_all(self, last_frame: str) -> None:
        for socket in list(self.sockets):
            if self.passes(socket):
                await socket.response.send_str(last_frame)
                await socket.response.close()
