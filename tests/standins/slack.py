"""This file is where Slack stands in for itself: Socket Mode and the Web API, over real WebSockets and HTTP.

Single-use tickets, sockets of which each envelope goes to one, hello and disconnect frames, envelopes with acks,
redelivery after three seconds without one, a mention as two events, token checks, `ok: false` errors, 429 with
Retry-After. And what goes wrong: sockets cut or silent, handshakes refused, calls that fail before or after they have
done their work. What the methods do stands in workspace.py.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
import uuid
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.standins.server import StandInServer
from tests.standins.slack_limits import refused_blocks
from tests.standins.workspace import ASKER, BOT_ID, BOT_NAME, BOT_USER, TEAM, Json, Workspace

__all__ = [
    "APP_TOKEN",
    "ASKER",
    "BOT_ID",
    "BOT_NAME",
    "BOT_TOKEN",
    "BOT_USER",
    "TEAM",
    "Failure",
    "Json",
    "SlackStandIn",
]

BOT_TOKEN, APP_TOKEN = "xoxb-stand-in", "xapp-stand-in"
POSTING = ("chat.postMessage", "chat.startStream")
REDELIVER_AFTER_S = (3.0, 3.0, 3.0, 3.0, 3.0)
"""Slack's own are about 3, 60 and 300 seconds: as long an outage, in a test's time."""


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


@dataclass(frozen=True)
class Call:
    """A Web API call as it arrived, at `time.monotonic()`."""

    method: str
    arguments: Json
    at: float


@dataclass(frozen=True)
class Failure:
    """What a method answers instead of doing its work, or after it; `hang` never answers, `passes` is no failure.

    Before all that it takes `delay_s`, though its caller may be gone by then. The method of a response_url is that.
    """

    error: str = "internal_error"
    status: int = 200
    retry_after: int | None = None
    after_work: bool = False
    hang: bool = False
    passes: bool = False
    needed: str | None = None
    delay_s: float = 0.0


@dataclass(eq=False)
class Socket:
    """A Socket Mode connection; a silent one takes nothing in and lets nothing out, as behind a dead router."""

    response: web.WebSocketResponse
    request: web.Request
    silent: bool = False

    @property
    def is_open(self) -> bool:
        return not self.response.closed and self.request.transport is not None


class SlackStandIn(Workspace, StandInServer):
    """A workspace with one app, and what happened in it."""

    def __init__(self) -> None:
        StandInServer.__init__(self)
        Workspace.__init__(self)
        self.calls: list[Call] = []
        self.envelopes: list[Envelope] = []
        self._failures: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self._tickets: set[str] = set()
        self.sockets: list[Socket] = []
        self.redeliver_after_s: tuple[float, ...] = REDELIVER_AFTER_S
        self.opened = 0
        """How many addresses were asked for."""
        self.handshakes_to_refuse = 0
        self.reply_urls_are_spent = False
        self._by_id: dict[str, Envelope] = {}
        self._random = random.Random(7)  # noqa: S311 - which socket gets an envelope

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/{method}", self._on_call),
            web.post("/api/{method}", self._on_call),
            web.get("/link/", self._on_socket),
            web.post("/response/{id}", self._on_response_url),
        ]

    # What people do

    def say(self, channel: str, text: str, *, thread_ts: str | None = None, **more: Any) -> str:
        """Post a person's message, as the one or two events that it is; return its ts."""
        message = {"type": "message", "user": ASKER, "text": text, "ts": self.new_ts(), "team": TEAM, **more}
        if thread_ts:
            message["thread_ts"] = thread_ts
        place = self.channels[channel]
        with self.changed:
            place.messages.append(message)
        event = {**message, "channel": channel, "event_ts": message["ts"]}
        if f"<@{BOT_USER}>" in text and place.type != "im":
            self.send_event({**event, "type": "app_mention"})
        self.send_event({**event, "channel_type": place.type})
        return str(message["ts"])

    def mention(self, channel: str, text: str, **more: Any) -> str:
        """Post a message that mentions the bot; return its ts."""
        return self.say(channel, f"<@{BOT_USER}> {text}", **more)

    def delete(self, channel: str, ts: str) -> None:
        """Delete a person's message: a thread's first one leaves a tombstone, which comes as a change."""
        place = self.channels[channel]
        (gone,) = [message for message in place.messages if message["ts"] == ts]
        event: Json = {"type": "message", "channel": channel, "channel_type": place.type, "ts": self.new_ts()}
        with self.changed:
            if any(message.get("thread_ts") == ts and message is not gone for message in place.messages):
                tombstone = {"subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted."}
                gone_before = dict(gone)
                gone |= tombstone
                event |= {"subtype": "message_changed", "message": dict(gone), "previous_message": gone_before}
            else:
                place.messages.remove(gone)
                event |= {"subtype": "message_deleted", "deleted_ts": ts, "previous_message": gone}
        self.send_event(event)

    def edit(self, channel: str, ts: str, text: str) -> Envelope:
        """Edit a person's message."""
        place = self.channels[channel]
        (message,) = [message for message in place.messages if message["ts"] == ts]
        previous = dict(message)
        with self.changed:
            message |= {"text": text, "edited": {"user": message["user"], "ts": self.new_ts()}}
        event = {"type": "message", "subtype": "message_changed", "channel": channel, "channel_type": place.type}
        return self.send_event({**event, "ts": self.new_ts(), "message": dict(message), "previous_message": previous})

    def press_stop(self, channel: str, thread_ts: str, *, user: str = ASKER) -> Envelope:
        """Press the stop button that Slack shows while an agent's session is processing."""
        streams = self.stop_streams(channel, thread_ts)
        event = {"type": "agent_session_stopped", "channel": channel, "thread_ts": thread_ts, "user": user}
        return self.send_event({**event, "streaming_message_ts": streams, "event_ts": self.new_ts()})

    def open_home(self, *, tab: str = "home", user: str = ASKER) -> Envelope:
        """Open the app's home tab, or its messages."""
        event = {"type": "app_home_opened", "user": user, "tab": tab, "channel": self.direct(user)}
        return self.send_event({**event, "event_ts": self.new_ts()})

    def shortcut(self, channel: str, message: Json, *, user: str = ASKER) -> Envelope:
        """Use the message shortcut."""
        return self._send(
            "interactive",
            {
                "type": "message_action",
                "callback_id": "ask_about_message",
                "trigger_id": f"t{uuid.uuid4().hex[:8]}",
                "message_ts": message["ts"],
                "message": message,
                "channel": {"id": channel, "name": "somewhere"},
                "user": {"id": user, "team_id": TEAM},
                "team": {"id": TEAM},
                "api_app_id": "A0APP",
                "action_ts": self.new_ts(),
                "response_url": self._response_url(),
            },
        )

    def press_home(self, action_id: str, value: str, *, user: str = ASKER) -> Envelope:
        """Press a button of the home tab."""
        action = {"action_id": action_id, "block_id": "b", "value": value, "type": "button", "action_ts": "1"}
        payload = {
            "type": "block_actions",
            "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM},
            "api_app_id": "A0APP",
            "trigger_id": f"t{uuid.uuid4().hex[:8]}",
            "container": {"type": "view", "view_id": "V0"},
            "view": {"id": "V0", "type": "home", "blocks": []},
            "actions": [action],
        }
        return self._send("interactive", payload)

    def command(self, channel: str, text: str) -> Envelope:
        """Use /milvusfaq."""
        payload = {
            "command": "/milvusfaq",
            "text": text,
            "user_id": ASKER,
            "user_name": "asker",
            "channel_id": channel,
            "channel_name": "somewhere",
            "team_id": TEAM,
            "team_domain": "stand-in",
            "api_app_id": "A0APP",
            "token": "legacy",
            "trigger_id": f"1.2.{uuid.uuid4().hex[:8]}",
            "response_url": self._response_url(),
        }
        return self._send("slash_commands", payload)

    def _response_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/response/{uuid.uuid4()}"

    def press(self, channel: str, message: Json, action_id: str, value: str, *, user: str = ASKER) -> Envelope:
        """Press one of a message's buttons; a thumb has a value. What one person alone sees has no ts."""
        kind = "feedback_buttons" if value else "button"
        action = {"action_id": action_id, "block_id": "b", "value": value, "type": kind, "action_ts": "1"}
        stands = {"message_ts": message.get("ts", "1.1"), "channel_id": channel, "is_ephemeral": "ts" not in message}
        payload: Json = {
            "type": "block_actions",
            "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM},
            "api_app_id": "A0APP",
            "trigger_id": f"t{uuid.uuid4().hex[:8]}",
            "container": {"type": "message", **stands},
            "channel": {"id": channel},
            "response_url": self._response_url(),
            "actions": [action],
        }
        if "ts" in message:
            payload["message"] = message
        return self._send("interactive", payload)

    def submit(self, view: Json, values: Json, *, user: str = ASKER) -> Envelope:
        """Send a form off; `values` is by block and action, as Slack sends it."""
        state = {"values": values}
        kept = {key: view[key] for key in ("type", "callback_id", "private_metadata", "blocks")}
        payload = {
            "type": "view_submission",
            "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM},
            "api_app_id": "A0APP",
            "view": {**kept, "id": "V1", "state": state},
        }
        return self._send("interactive", payload)

    def send_event(self, event: Json, *, event_id: str | None = None, retry_attempt: int = 0) -> Envelope:
        """Send an event in an envelope of its own."""
        payload = {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": "A0APP",
            "event": event,
            "event_id": event_id or f"Ev{uuid.uuid4().hex[:10]}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
        }
        return self._send("events_api", payload, retry_attempt=retry_attempt)

    def redeliver(self, envelope: Envelope) -> Envelope:
        """Deliver an event again, as after a lost ack: another envelope, the same event."""
        return self._send(envelope.type, envelope.payload, retry_attempt=envelope.retry_attempt + 1)

    def refresh_connections(self) -> None:
        """Ask every socket to reconnect, as Slack does every few hours."""
        frame = {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "stand-in"}}
        self.run(self._close_all(json.dumps(frame)))

    def fail(self, method: str, failure: Failure) -> None:
        """Let the next call of a method fail."""
        self._failures[method].append(failure)

    def mend(self, method: str) -> None:
        """Let a method fail no more."""
        self._failures[method].clear()

    def cut_connections(self) -> None:
        """Reset every socket's TCP connection, without a close frame."""
        self.run(self._cut())

    def silence_connections(self) -> None:
        """Let every socket that is open now fall silent: nothing passes, nothing closes."""
        for socket in self.sockets:
            socket.silent = True

    def refuse_handshakes(self, count: int) -> None:
        """Answer the next handshakes with an error; their tickets are used up."""
        self.handshakes_to_refuse += count

    # What can be seen

    def connected(self) -> bool:
        return self.count_open() > 0

    def count_open(self) -> int:
        """Return how many sockets let something through."""
        return sum(socket.is_open and not socket.silent for socket in self.sockets)

    def failures_left(self, method: str) -> int:
        """Return how many failures of a method are still to come."""
        return len(self._failures[method])

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

    # Socket Mode

    def _send(self, type_: str, payload: Json, *, retry_attempt: int = 0) -> Envelope:
        envelope = Envelope(str(uuid.uuid4()), type_, payload, time.monotonic(), retry_attempt)
        self._remember(envelope)
        self.run(self._deliver(envelope))
        return envelope

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
            if not socket.silent:
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

    async def _on_socket(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="the ticket is not valid, or was used before")
        self._tickets.remove(ticket)
        if self.handshakes_to_refuse:
            self.handshakes_to_refuse -= 1
            return web.Response(status=503)
        response = web.WebSocketResponse(autoping=False)
        await response.prepare(request)
        await response.send_json(
            {
                "type": "hello",
                "num_connections": 1 + sum(socket.is_open for socket in self.sockets),
                "debug_info": {"host": "stand-in", "approximate_connection_time": 18060},
                "connection_info": {"app_id": "A0APP"},
            }
        )
        socket = Socket(response, request)
        self.sockets.append(socket)
        self.notify()
        async for frame in response:
            if socket.silent:
                continue
            if frame.type == WSMsgType.PING:
                await response.pong(frame.data)
            elif frame.type == WSMsgType.TEXT:
                self._on_ack(json.loads(frame.data))
        self.sockets.remove(socket)
        self.notify()
        return response

    def _on_ack(self, frame: Json) -> None:
        if envelope := self._by_id.get(frame.get("envelope_id", "")):
            envelope.acked_at, envelope.reply = time.monotonic(), frame.get("payload") or {}
        self.notify()

    async def _close_all(self, last_frame: str) -> None:
        for socket in list(self.sockets):
            if socket.is_open and not socket.silent:
                await socket.response.send_str(last_frame)
                await socket.response.close()

    async def _cut(self) -> None:
        for socket in list(self.sockets):
            if socket.request.transport:
                socket.request.transport.abort()

    # The Web API

    async def _on_call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        failure = await self._next_failure(method)
        if method in POSTING and not self.has_room(arguments.get("channel", "")):
            failure = Failure(error="ratelimited", status=429, retry_after=1)
        if failure and not failure.after_work:
            return await _failed(failure)
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if request.headers.get("Authorization") != f"Bearer {wanted}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        with self.changed:
            self.calls.append(Call(method, arguments, time.monotonic()))
        answer = self._open_connection() if method == "apps.connections.open" else self.call(method, arguments)
        return await _failed(failure) if failure else web.json_response(answer)

    async def _next_failure(self, method: str) -> Failure | None:
        failures = self._failures[method]
        failure = failures.popleft() if failures else None
        if failure and failure.delay_s:
            await asyncio.sleep(failure.delay_s)
        return None if failure and failure.passes else failure

    def _open_connection(self) -> Json:
        self.opened += 1
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return {"ok": True, "url": f"ws://127.0.0.1:{self.port}/link/?ticket={ticket}"}

    async def _on_response_url(self, request: web.Request) -> web.Response:
        message = await request.json()
        if failure := await self._next_failure("response_url"):
            return await _failed(failure)
        blocks = message.get("blocks") or []
        if any(block["type"] == "markdown" for block in blocks):  # as incoming webhooks were seen to answer them
            return web.json_response({"ok": False, "error": "invalid_blocks"}, status=500)
        if error := refused_blocks(blocks):
            return web.json_response({"ok": False, "error": error}, status=400)
        if self.reply_urls_are_spent:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        with self.changed:
            self.private.append(message)
            self.changed.notify_all()
        return web.json_response({"ok": True})


def is_growing(message: Json) -> bool:
    """Tell a message that is still written: a stream that is open or was cut short, or one that is updated."""
    if "streamed" in message and "metadata" not in message:
        return True
    return bool((message.get("metadata") or {}).get("event_payload", {}).get("growing"))


async def _arguments(request: web.Request) -> Json:
    if request.can_read_body and request.content_type == "application/json":
        body: Json = await request.json()
        return body
    form = dict(request.query) | dict(await request.post())
    return {key: _decoded(str(value)) for key, value in form.items()}


def _decoded(value: str) -> Any:
    return json.loads(value) if re.match(r"[\[{]", value) else value


async def _failed(failure: Failure) -> web.Response:
    if failure.hang:
        await asyncio.Event().wait()
    headers = {"Retry-After": str(failure.retry_after)} if failure.retry_after is not None else {}
    answer = {"ok": False, "error": failure.error} | ({"needed": failure.needed} if failure.needed else {})
    return web.json_response(answer, status=failure.status, headers=headers)
