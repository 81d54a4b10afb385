"""A Slack for one app: what people do there, and the Web API over HTTP."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.playground import payloads
from bot.playground.limits import refused_blocks
from bot.playground.sockets import SocketMode
from bot.playground.workspace import ASKER, BOT_USER, TEAM

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.sockets import Envelope
    from bot.playground.workspace import Json

BOT_TOKEN, APP_TOKEN = "xoxb-playground", "xapp-playground"
POSTING = ("chat.postMessage", "chat.startStream")
NOT_FOUND, SERVER_ERROR, BAD_REQUEST, TOO_MANY_REQUESTS = 404, 500, 400, 429


@dataclass
class Call:
    """A Web API call as it arrived, at `time.monotonic()`, and what came of it: ok, or the error."""

    method: str
    arguments: Json
    at: float
    outcome: str = ""


class SlackServer(SocketMode):
    """A workspace with one app, and what happened in it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.bot_token, self.app_token = BOT_TOKEN, APP_TOKEN
        self.triggered_by: dict[str, str] = {}
        """Who did what a form may be shown for, by its trigger."""
        self._asked_from: dict[str, tuple[str, str]] = {}
        """The channel and the person of each response_url."""

    @property
    def api_url(self) -> str:
        """The address of the Web API."""
        return f"http://127.0.0.1:{self.port}/api/"

    def routes(self) -> list[web.RouteDef]:
        """Return the Web API, the sockets and the response URLs."""
        return [
            web.get("/api/{method}", self._on_call),
            web.post("/api/{method}", self._on_call),
            web.get("/link/", self.on_socket),
            web.post("/response/{id}", self._on_response_url),
            web.get("/files/{id}", self._on_file),
        ]

    def say(self, channel: str, text: str, *, thread_ts: str | None = None, **more: Any) -> str:
        """Post a person's message, as the one or two events that it is; return its ts."""
        message = {"type": "message", "user": ASKER, "text": text, "ts": self.new_ts(), "team": TEAM, **more}
        if message["user"] is None:  # an app's
            del message["user"]
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

    def attach(self, name: str, content: str, *, mimetype: str = "text/plain", preview: str | None = None) -> Json:
        """Upload a file; return what a message says of it, with a preview of a text where Slack makes one."""
        id_ = f"F{len(self.files):08d}"
        file: Json = {"id": id_, "name": name, "title": name, "mimetype": mimetype, "mode": "hosted"}
        file["url_private_download"] = f"http://127.0.0.1:{self.port}/files/{id_}"
        self.files[id_] = {**file, "content": content}
        is_cut = {"mode": "snippet", "preview": preview, "preview_is_truncated": preview != content}
        return file if preview is None else {**file, **is_cut}

    def delete(self, channel: str, ts: str) -> None:
        """Delete a person's message: a thread's first one leaves a tombstone, which comes as a change."""
        place, gone = self.channels[channel], self._message(channel, ts)
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
        place, message = self.channels[channel], self._message(channel, ts)
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
        used = payloads.shortcut_payload(
            channel, message, user=user, action_ts=self.new_ts(), response_url=self._response_url(channel, user)
        )
        return self.send("interactive", used)

    def press_home(self, action_id: str, value: str, *, user: str = ASKER) -> Envelope:
        """Press a button of the home tab."""
        return self.send("interactive", payloads.home_press_payload(action_id, value, user=user))

    def command(self, channel: str, text: str, *, user: str = ASKER) -> Envelope:
        """Use /milvusfaq."""
        used = payloads.command_payload(channel, text, user=user, response_url=self._response_url(channel, user))
        return self.send("slash_commands", used)

    def press(self, channel: str, message: Json, action_id: str, value: str, *, user: str = ASKER) -> Envelope:
        """Press one of a message's buttons; a thumb has a value."""
        return self.act(channel, message, payloads.message_action(action_id, value), user=user)

    def act(self, channel: str, message: Json, action: Json, *, user: str) -> Envelope:
        """Do something with a message; what one person alone sees has no ts."""
        url = self._response_url(channel, user)
        return self.send("interactive", payloads.press_payload(channel, message, action, user=user, response_url=url))

    def submit(self, view: Json, values: Json, *, user: str = ASKER) -> Envelope:
        """Send a form off; `values` is by block and action, as Slack sends it."""
        return self.send("interactive", payloads.submission_payload(view, values, user=user))

    def send_event(self, event: Json, *, event_id: str | None = None, retry_attempt: int = 0) -> Envelope:
        """Send an event in an envelope of its own."""
        return self.send("events_api", payloads.event_payload(event, event_id=event_id), retry_attempt=retry_attempt)

    def send(self, type_: str, payload: Json, *, retry_attempt: int = 0) -> Envelope:
        """Send a payload in an envelope of its own."""
        if trigger := payload.get("trigger_id"):
            self.triggered_by[trigger] = payload.get("user_id") or payload["user"]["id"]
        return super().send(type_, payload, retry_attempt=retry_attempt)

    async def respond(self, method: str, work: Callable[[], web.Response]) -> web.Response:
        """Answer a call; the method of a response_url is `response_url`."""
        del method
        return work()

    def _message(self, channel: str, ts: str) -> Json:
        return next(message for message in self.channels[channel].messages if message["ts"] == ts)

    def _response_url(self, channel: str, user: str) -> str:
        id_ = str(uuid.uuid4())
        self._asked_from[id_] = (channel, user)
        return f"http://127.0.0.1:{self.port}/response/{id_}"

    async def _on_call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        arguments = await _arguments(request)

        def work() -> web.Response:
            if method in POSTING and not self.has_room(arguments.get("channel", "")):
                refused = {"ok": False, "error": "ratelimited"}
                return web.json_response(refused, status=TOO_MANY_REQUESTS, headers={"Retry-After": "1"})
            wanted = self.app_token if method == "apps.connections.open" else self.bot_token
            if request.headers.get("Authorization") != f"Bearer {wanted}":
                return web.json_response({"ok": False, "error": "invalid_auth"})
            call = Call(method, arguments, time.monotonic())
            with self.changed:
                self.calls.append(call)
            opens = method == "apps.connections.open"
            told = self.open_connection() if opens else self.call(method, arguments)
            call.outcome = str(told.get("error", "ok"))
            return web.json_response(told, headers={"x-oauth-scopes": ",".join(sorted(self.scopes))})

        return await self.respond(method, work)

    async def _on_file(self, request: web.Request) -> web.Response:
        """Give a file to an app that may read it; whoever else asks is sent to a page to sign in."""
        file, asks_as = self.files.get(request.match_info["id"]), request.headers.get("Authorization")
        if file is None or asks_as != f"Bearer {self.bot_token}" or "files:read" not in self.scopes:
            raise web.HTTPFound("/signin")
        return web.Response(text=file["content"], content_type=file["mimetype"])

    async def _on_response_url(self, request: web.Request) -> web.Response:
        message = await request.json()
        answer = await self.respond("response_url", lambda: self.show_privately(message))
        if answer.status < BAD_REQUEST and request.match_info["id"] in self._asked_from:
            self.tell_alone(*self._asked_from[request.match_info["id"]], message)
        return answer

    def show_privately(self, message: Json) -> web.Response:
        """Show one person alone what was sent to a response_url."""
        blocks = message.get("blocks") or []
        if any(block["type"] == "markdown" for block in blocks):  # as incoming webhooks were seen to answer them
            return web.json_response({"ok": False, "error": "invalid_blocks"}, status=SERVER_ERROR)
        if error := refused_blocks(blocks):
            return web.json_response({"ok": False, "error": error}, status=BAD_REQUEST)
        with self.changed:
            self.private.append(message)
            self.changed.notify_all()
        return web.json_response({"ok": True})


async def _arguments(request: web.Request) -> Json:
    if request.can_read_body and request.content_type == "application/json":
        body: Json = await request.json()
        return body
    form = dict(request.query) | dict(await request.post())
    return {key: _decoded(str(value)) for key, value in form.items()}


def _decoded(value: str) -> Any:
    return json.loads(value) if re.match(r"[\[{]", value) else value
