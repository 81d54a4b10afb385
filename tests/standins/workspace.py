"""This file is where a workspace keeps what happened in it, and where the Web API's methods do their work on that.

A streamed message has a state, as Slack's has: open, it refuses chat.update and chat.delete; stopped, it refuses more.
A `coarse` workspace has no streaming, no status and no sessions: their methods are unknown to it.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.standins.slack_limits import MARKDOWN_CHARACTERS, refused_blocks, refused_view

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]

TEAM, BOT_USER, BOT_ID, BOT_NAME, ASKER = "T0TEAM", "U0BOT", "B0BOT", "milvusfaq", "U0ASKER"
BURST = 5.0
NOT_IN_A_COARSE_WORKSPACE = ("chat.startStream", "chat.appendStream", "chat.stopStream", "assistant.", "agents.")
OUR_OWN = ("stream", "streamed", "stopped")
"""What a message has here that Slack shows nobody."""


def error(code: str) -> Json:
    """Return what a method answers that can't do its work."""
    return {"ok": False, "error": code}


@dataclass
class Channel:
    """A channel, whether the bot is in it, and whether it takes streams."""

    id: str
    type: str = "channel"
    has_bot: bool = True
    streams: bool = True
    messages: list[Json] = field(default_factory=list)


class Workspace:
    """Channels, people and what stands where; `changed` guards all of it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.coarse = False
        self.channels: dict[str, Channel] = {}
        self.private: list[Json] = []
        """What one person alone was shown."""
        self.people: dict[str, Json] = {ASKER: {"team_id": TEAM}, BOT_USER: {"team_id": TEAM, "is_bot": True}}
        """What users.info tells of each, beside the id; nobody else is known."""
        self.views: list[Json] = []
        """The forms that were shown."""
        self.homes: dict[str, Json] = {}
        """The home tab that each person sees."""
        self.sessions: dict[tuple[str, str], str] = {}
        """The state of each agent session, by channel and thread."""
        self.messages_per_s: float | None = None
        """How many messages a channel takes, after a burst of BURST; Slack's own limit is about one."""
        self._allowances: dict[str, tuple[float, float]] = {}
        self._began = int(time.time())
        self._clock = itertools.count(1)

    def join(self, channel: str, *, type_: str = "channel", has_bot: bool = True, streams: bool = True) -> str:
        """Make a channel; return its id."""
        self.channels[channel] = Channel(channel, type_, has_bot, streams)
        return channel

    def new_channel(self, *, type_: str = "channel") -> str:
        """Make one that nobody has used; return its id."""
        return self.join(f"{'D' if type_ == 'im' else 'C'}{len(self.channels):08d}", type_=type_)

    def direct(self, user: str = ASKER) -> str:
        """Return the id of a person's direct messages with the bot."""
        channel = f"D{user[1:]}"
        return channel if channel in self.channels else self.join(channel, type_="im")

    def kill_streams(self) -> None:
        """Let every open stream die, as Slack does after five minutes."""
        with self.changed:
            for channel in self.channels.values():
                for message in channel.messages:
                    message.pop("stream", None)

    def call(self, method: str, arguments: Json) -> Json:
        """Do a method's work; return its answer."""
        handlers: dict[str, Callable[[Json], Json]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "chat.startStream": self._start_stream,
            "chat.appendStream": self._append_stream,
            "chat.stopStream": self._stop_stream,
            "conversations.history": self._list_history,
            "conversations.replies": self._list_replies,
            "conversations.open": self._open_direct,
            "users.info": self._user_info,
            "views.open": self._open_view,
            "views.publish": self._publish_view,
            "assistant.threads.setStatus": self._in_channel,
            "assistant.threads.setSuggestedPrompts": self._in_channel,
            "agents.sessions.setStatus": self._set_session,
        }
        if method not in handlers or (self.coarse and method.startswith(NOT_IN_A_COARSE_WORKSPACE)):
            return error("unknown_method")
        with self.changed:
            answer = handlers[method](arguments)
            self.changed.notify_all()
        return {"ok": True, **answer}

    def has_room(self, channel: str) -> bool:
        """Tell whether a channel takes another message now."""
        if self.messages_per_s is None:
            return True
        now = time.monotonic()
        left, at = self._allowances.get(channel, (BURST, now))
        left = min(BURST, left + (now - at) * self.messages_per_s)
        self._allowances[channel] = (left - 1 if left >= 1 else left, now)
        return left >= 1

    def new_ts(self) -> str:
        return f"{self._began}.{next(self._clock):06d}"

    # Messages

    def _auth_test(self, _: Json) -> Json:
        url = "https://stand-in.slack.com/"
        return {"url": url, "user_id": BOT_USER, "user": BOT_NAME, "team_id": TEAM, "team": "in", "bot_id": BOT_ID}

    def _post_message(self, arguments: Json) -> Json:
        wanted = arguments.get("channel", "")
        channel = self.channels.get(self.direct(wanted) if wanted in self.people else wanted)
        if problem := _refusal(channel) or refused_blocks(arguments.get("blocks") or []):
            return error(problem)
        if not arguments.get("text") and not arguments.get("blocks"):
            return error("no_text")
        assert channel
        return self._add(channel, {key: arguments[key] for key in _KEPT if key in arguments})

    def _add(self, channel: Channel, message: Json) -> Json:
        message |= {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "ts": self.new_ts()}
        channel.messages.append(message)
        return {"channel": channel.id, "ts": message["ts"], "message": _shown(message)}

    def _post_ephemeral(self, arguments: Json) -> Json:
        if problem := refused_blocks(arguments.get("blocks") or []):
            return error(problem)
        self.private.append(arguments)
        return {"message_ts": self.new_ts()}

    def _update(self, arguments: Json) -> Json:
        message = self._find(arguments)
        if message is None:
            return error("message_not_found")
        if "stream" in message:
            return error("streaming_state_conflict")
        if len(arguments.get("text") or "") > 4_000:
            return error("msg_too_long")
        if problem := refused_blocks(arguments.get("blocks") or []):
            return error(problem)
        message |= {key: arguments[key] for key in ("text", "blocks", "metadata") if key in arguments}
        return {"ts": message["ts"]}

    def _delete(self, arguments: Json) -> Json:
        message = self._find(arguments)
        if message is None:
            return error("message_not_found")
        if "stream" in message:
            return error("cant_delete_message")
        self.channels[arguments["channel"]].messages.remove(message)
        return {}

    def _find(self, arguments: Json) -> Json | None:
        channel = self.channels.get(arguments.get("channel", ""))
        found = [m for m in channel.messages if m["ts"] == arguments["ts"]] if channel else []
        return found[0] if found else None

    # Streams

    def _start_stream(self, arguments: Json) -> Json:
        channel = self.channels.get(arguments.get("channel", ""))
        if problem := _refusal(channel):
            return error(problem)
        assert channel
        if not channel.streams:
            return error("channel_type_not_supported")
        if not arguments.get("thread_ts"):
            return error("missing_thread_ts")
        if channel.type != "im" and not (arguments.get("recipient_user_id") and arguments.get("recipient_team_id")):
            return error("missing_recipient_team_id")
        text = arguments.get("markdown_text") or ""
        stream = {"stream": [text] if text else [], "streamed": True}
        return self._add(channel, {"thread_ts": arguments["thread_ts"], "text": text, **stream})

    def _append_stream(self, arguments: Json) -> Json:
        return self._extend(arguments, arguments.get("markdown_text") or "") or {}

    def _stop_stream(self, arguments: Json) -> Json:
        message, rest = self._find(arguments), arguments.get("markdown_text") or ""
        text = (message or {"text": ""})["text"] + rest
        blocks = [{"type": "markdown", "text": text}] if text else []
        blocks += arguments.get("blocks") or []
        if problem := refused_blocks(blocks):
            return error(problem)
        if problem_found := self._extend(arguments, rest):
            return problem_found
        assert message
        del message["stream"]
        message |= {"blocks": blocks} | ({"metadata": arguments["metadata"]} if "metadata" in arguments else {})
        if status := arguments.get("session_status"):
            self.sessions[arguments["channel"], message["thread_ts"]] = status
        return {"ts": message["ts"], "message": _shown(message)}

    def _extend(self, arguments: Json, text: str) -> Json | None:
        """Add to an open stream; return why that can't be."""
        message = self._find(arguments)
        if message is None:
            return error("message_not_found")
        if "stream" not in message:
            return error("stopped_by_user" if "stopped" in message else "message_not_in_streaming_state")
        if len(message["text"]) + len(text) > MARKDOWN_CHARACTERS:
            return error("msg_too_long")
        message["text"] += text
        message["stream"].append(text)
        return None

    def stop_streams(self, channel: str, thread_ts: str) -> list[str]:
        """Stop what streams in a thread, as the stop button does; return the messages' ts."""
        with self.changed:
            open_ = [m for m in self.channels[channel].messages if m.get("thread_ts") == thread_ts and "stream" in m]
            for message in open_:
                del message["stream"]
                message["stopped"] = True
        return [message["ts"] for message in open_]

    # Reading

    def _list_history(self, arguments: Json) -> Json:
        channel = self.channels.get(arguments.get("channel", ""))
        if problem := _refusal(channel):
            return error(problem)
        assert channel
        top = [m for m in reversed(channel.messages) if m.get("thread_ts") in {None, m["ts"]}]
        return {"messages": [_shown(m) for m in top[: int(arguments.get("limit") or 100)]], "has_more": False}

    def _list_replies(self, arguments: Json) -> Json:
        channel = self.channels.get(arguments.get("channel", ""))
        if problem := _refusal(channel):
            return error(problem)
        assert channel
        root, oldest = arguments["ts"], float(arguments.get("oldest") or 0)
        thread = [
            m for m in channel.messages if m["ts"] == root or (m.get("thread_ts") == root and float(m["ts"]) > oldest)
        ]
        start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 1000)
        cursor = str(start + limit) if start + limit < len(thread) else ""
        page = [_shown(m) for m in thread[start : start + limit]]
        if not arguments.get("include_all_metadata"):
            page = [{key: value for key, value in m.items() if key != "metadata"} for m in page]
        return {"messages": page, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}

    # People, forms, sessions

    def _open_direct(self, arguments: Json) -> Json:
        known = arguments["users"] in self.people
        return {"channel": {"id": self.direct(arguments["users"])}} if known else error("user_not_found")

    def _user_info(self, arguments: Json) -> Json:
        person = self.people.get(arguments["user"])
        if person is None:
            return error("user_not_found")
        locale = {"locale": person.get("locale", "en-US")} if arguments.get("include_locale") else {}
        return {"user": {"id": arguments["user"], **{k: v for k, v in person.items() if k != "locale"}, **locale}}

    def _open_view(self, arguments: Json) -> Json:
        if problem := refused_view(arguments["view"]):
            return error(problem)
        self.views.append(arguments["view"])
        return {"view": {"id": "V1", **arguments["view"]}}

    def _publish_view(self, arguments: Json) -> Json:
        if problem := refused_view(arguments["view"]):
            return error(problem)
        self.homes[arguments["user_id"]] = arguments["view"]
        return {"view": {"id": "V0", **arguments["view"]}}

    def _in_channel(self, arguments: Json) -> Json:
        return {} if arguments.get("channel_id") in self.channels else error("channel_not_found")

    def _set_session(self, arguments: Json) -> Json:
        if arguments.get("status") not in {"active", "processing", "suspended", "closed"}:
            return error("invalid_arguments")
        self.sessions[arguments["channel_id"], arguments["thread_ts"]] = arguments["status"]
        return self._in_channel(arguments)


_KEPT = ("text", "blocks", "thread_ts", "metadata")


def _refusal(channel: Channel | None) -> str | None:
    if channel is None:
        return "channel_not_found"
    return None if channel.has_bot else "not_in_channel"


def _shown(message: Json) -> Json:
    """Return a message as Slack shows it."""
    return {key: value for key, value in message.items() if key not in OUR_OWN}
