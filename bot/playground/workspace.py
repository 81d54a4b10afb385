"""A workspace: its channels and people, and what stands where.

A streamed message has a state, as Slack's has: open, it refuses chat.update and chat.delete; stopped, it refuses more.
A `coarse` workspace has no streaming, no status and no sessions: their methods are unknown to it.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from bot.playground.http_server import LocalServer

Json = dict[str, Any]

TEAM, APP_ID, BOT_USER, BOT_ID, BOT_NAME, ASKER = "T0TEAM", "A0APP", "U0BOT", "B0BOT", "milvusfaq", "U0ASKER"
SCOPES = {"app_mentions:read", "channels:history", "chat:write", "im:history", "im:write", "users:read"}
BURST = 5.0


@dataclass
class Channel:
    """A channel, whether the bot is in it, and whether it takes streams."""

    id: str
    type: str = "channel"
    has_bot: bool = True
    streams: bool = True
    messages: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """A message that one person alone sees, until they leave."""

    channel: str
    user: str
    thread_ts: str
    ts: str
    message: Json


class Workspace(LocalServer):
    """Channels, people and what stands where; `changed` guards all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.coarse = False
        self.channels: dict[str, Channel] = {}
        self.private: list[Json] = []
        """What one person alone was shown, as it was sent."""
        self.ephemerals: list[Ephemeral] = []
        """The same with its place, where that is known."""
        self.statuses: dict[tuple[str, str], str] = {}
        """The status below each message, until the app posts there."""
        bot = {"team_id": TEAM, "is_bot": True, "profile": {"api_app_id": APP_ID, "bot_id": BOT_ID}}
        self.people: dict[str, Json] = {ASKER: {"team_id": TEAM, "is_bot": False}, BOT_USER: bot}
        """What users.info tells of each, beside the id; nobody else is known."""
        self.scopes = set(SCOPES)
        """What the app may do; what only reads is asked for here."""
        self.groups: dict[str, list[str]] = {}
        """The members of each user group."""
        self.files: dict[str, Json] = {}
        """The files that people have attached, by id: what files.info tells of each, and its `content`."""
        self.views: list[Json] = []
        """The forms that were shown."""
        self.homes: dict[str, Json] = {}
        """The home tab that each person sees."""
        self.sessions: dict[tuple[str, str], str] = {}
        """The state of each agent session, by channel and thread."""
        self.messages_per_s: float | None = None
        """How many messages a channel takes, after a burst of BURST; Slack's own limit is about one."""
        self._allowances: dict[str, tuple[float, float]] = {}
        self.clock_s = 0.0
        """How far this workspace's clock is ahead of ours."""
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

    def tell_alone(self, channel: str, user: str, message: Json, *, thread_ts: str = "") -> None:
        """Show a message to one person alone."""
        with self.changed:
            self.ephemerals.append(Ephemeral(channel, user, thread_ts, self.new_ts(), message))
            self.changed.notify_all()

    def kill_streams(self) -> None:
        """Let every open stream die, as Slack does after five minutes."""
        with self.changed:
            for channel in self.channels.values():
                for message in channel.messages:
                    message.pop("stream", None)

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
        """Return the next message's ts."""
        return f"{int(time.time() + self.clock_s)}.{next(self._clock):06d}"

    def find(self, arguments: Json) -> Json | None:
        """Return the message that a call's `channel` and `ts` name; None where there is none."""
        channel = self.channels.get(arguments.get("channel", ""))
        found = [m for m in channel.messages if m["ts"] == arguments["ts"]] if channel else []
        return found[0] if found else None

    def stop_streams(self, channel: str, thread_ts: str) -> list[str]:
        """Stop what streams in a thread, as the stop button does; return the messages' ts."""
        with self.changed:
            open_ = [m for m in self.channels[channel].messages if m.get("thread_ts") == thread_ts and "stream" in m]
            for message in open_:
                del message["stream"]
                message["stopped"] = True
        return [message["ts"] for message in open_]
