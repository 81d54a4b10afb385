"""Slack, as tests want it: the playground's server, strict, with failures on demand and something to wait for.

Sockets are cut or fall silent, handshakes are refused, calls fail before or after they have done their work.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.server import APP_TOKEN, BAD_REQUEST, BOT_TOKEN, NOT_FOUND, Call, SlackServer
from bot.playground.workspace import ASKER, BOT_ID, BOT_NAME, BOT_USER, TEAM, Json
from tests.standins.server import StandInServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.sockets import Envelope, Socket

__all__ = [
    "APP_TOKEN",
    "ASKER",
    "BOT_ID",
    "BOT_NAME",
    "BOT_TOKEN",
    "BOT_USER",
    "TEAM",
    "Call",
    "Failure",
    "Json",
    "SlackStandIn",
]

REDELIVER_AFTER_S = (3.0, 3.0, 3.0, 3.0, 3.0)
"""Slack's own are about 3, 60 and 300 seconds: as long an outage, in a test's time."""


@dataclass(frozen=True)
class Failure:
    """What a method answers instead of doing its work, or after it; `hang` never answers, `passes` is no failure.

    Before all that it takes `delay_s`, though its caller may be gone by then. The method of a response_url is that.
    With a `body` something else answers in Slack's place.
    """

    error: str = "internal_error"
    status: int = 200
    retry_after: int | None = None
    after_work: bool = False
    hang: bool = False
    passes: bool = False
    needed: str | None = None
    delay_s: float = 0.0
    body: bytes | None = None
    content_type: str = "text/plain"


class SlackStandIn(SlackServer, StandInServer):
    """A workspace with one app, and what happened in it."""

    def __init__(self) -> None:
        super().__init__()
        self.redeliver_after_s = REDELIVER_AFTER_S
        self.handshakes_to_refuse = 0
        self.reply_urls_are_spent = False
        self.ignores_session_status = False
        """Whether the end of a stream leaves the agent's session as it is."""
        self._failures: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self._silent: set[Socket] = set()

    def redeliver(self, envelope: Envelope) -> Envelope:
        """Deliver an event again, as after a lost ack: another envelope, the same event."""
        return self.send(envelope.type, envelope.payload, retry_attempt=envelope.retry_attempt + 1)

    def fail(self, method: str, failure: Failure) -> None:
        """Let the next call of a method fail."""
        self._failures[method].append(failure)

    def recover(self, method: str) -> None:
        """Let a method fail no more."""
        self._failures[method].clear()

    def failures_left(self, method: str) -> int:
        """Return how many failures of a method are still to come."""
        return len(self._failures[method])

    def cut_connections(self) -> None:
        """Reset every socket's TCP connection, without a close frame."""
        self.run(self._cut())

    def silence_connections(self) -> None:
        """Let every socket that is open now fall silent, as behind a dead router: nothing passes, nothing closes."""
        self._silent.update(self.sockets)

    def send_frame(self, frame: str | bytes) -> None:
        """Send something of one's own over each socket."""
        self.run(self._send_frame(frame))

    def refuse_handshakes(self, count: int) -> None:
        """Answer the next handshakes with an error; their tickets are used up."""
        self.handshakes_to_refuse += count

    def admits(self) -> bool:
        if not self.handshakes_to_refuse:
            return True
        self.handshakes_to_refuse -= 1
        return False

    def passes(self, socket: Socket) -> bool:
        return socket.is_open and socket not in self._silent

    def connected(self) -> bool:
        return self.count_open() > 0

    def count_open(self) -> int:
        """Return how many sockets let something through."""
        return sum(map(self.passes, self.sockets))

    def wait_until_connected(self) -> None:
        self.wait_for(self.connected, "a socket")

    def replies(self, channel: str, thread_ts: str) -> list[Json]:
        """Return what the bot has posted in a thread."""
        messages = self.channels[channel].messages
        return [m for m in messages if m.get("thread_ts") == thread_ts and m["user"] == BOT_USER]

    def wait_for_replies(self, channel: str, thread_ts: str, count: int = 1) -> list[Json]:
        """Wait until the bot has posted so many messages in a thread, none of them still growing."""

        def grown() -> list[Json]:
            found = self.replies(channel, thread_ts)
            return found if len(found) >= count and not any(map(is_growing, found)) else []

        return self.wait_for(grown, f"{count} replies to {thread_ts} in {channel}")

    def wait_for_ack(self, envelope: Envelope) -> float:
        """Wait for an envelope's ack; return the seconds it took."""
        return self.wait_for(lambda: envelope.acked_at, f"the ack of {envelope.type}") - envelope.sent_at  # type: ignore[operator]

    def calls_of(self, method: str) -> list[Json]:
        return [call.arguments for call in self.calls if call.method == method]

    def call(self, method: str, arguments: Json) -> Json:
        if method == "chat.stopStream" and self.ignores_session_status:
            arguments = {key: value for key, value in arguments.items() if key != "session_status"}
        return super().call(method, arguments)

    async def respond(self, method: str, work: Callable[[], web.Response]) -> web.Response:
        failure = await self._next_failure(method)
        if failure and not failure.after_work:
            return await _failed(failure)
        answer = work()
        return await _failed(failure) if failure and answer.status < BAD_REQUEST else answer

    def show_privately(self, message: Json) -> web.Response:
        if self.reply_urls_are_spent:
            return web.json_response({"ok": False, "error": "used_url"}, status=NOT_FOUND)
        return super().show_privately(message)

    async def _next_failure(self, method: str) -> Failure | None:
        failures = self._failures[method]
        failure = failures.popleft() if failures else None
        if failure and failure.delay_s:
            await asyncio.sleep(failure.delay_s)
        return None if failure and failure.passes else failure

    async def _send_frame(self, frame: str | bytes) -> None:
        for socket in self.sockets:
            if isinstance(frame, str):
                await socket.response.send_str(frame)
            else:
                await socket.response.send_bytes(frame)

    async def _cut(self) -> None:
        for socket in list(self.sockets):
            if socket.request.transport:
                socket.request.transport.abort()


def is_growing(message: Json) -> bool:
    """Tell a message that is still written: a stream that is open or was cut short, or one that is updated."""
    if "streamed" in message and "metadata" not in message:
        return True
    return bool((message.get("metadata") or {}).get("event_payload", {}).get("growing"))


async def _failed(failure: Failure) -> web.Response:
    if failure.hang:
        await asyncio.Event().wait()
    headers = {"Retry-After": str(failure.retry_after)} if failure.retry_after is not None else {}
    if failure.body is not None:
        headers["Content-Type"] = failure.content_type
        return web.Response(body=failure.body, status=failure.status, headers=headers)
    answer = {"ok": False, "error": failure.error} | ({"needed": failure.needed} if failure.needed else {})
    return web.json_response(answer, status=failure.status, headers=headers)
