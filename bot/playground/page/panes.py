"""Panes: what one window shows of the workspace, as pieces of HTML with keys, so that only what changed is sent."""

from __future__ import annotations

import html
import json
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.playground.page.blocks import BlockRenderer
from bot.playground.page.markup import mrkdwn
from bot.playground.workspace import BOT_NAME, BOT_USER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import Environment
    from markupsafe import Markup

    from bot.playground.page.state import PageState
    from bot.playground.workspace import Json

HOME = "home"
MOST_ENTRIES = 300
MOST_PAINTED = 5_000
Piece = tuple[str, str]
Panes = dict[str, list[Piece]]


@dataclass(frozen=True, slots=True)
class Window:
    """What a window looks at: as whom, at which channel ("home" for the home tab) and thread; what was `read` when."""

    person: str
    channel: str
    thread: str = ""
    is_drawer_open: bool = False
    read: Mapping[str, str] = field(default_factory=dict)

    def moved(self, **to: Any) -> Window:
        """Return the window after a move."""
        return replace(self, **to)


@dataclass(frozen=True, slots=True)
class Painter:
    """Paints windows of a workspace."""

    slack: PageState
    templates: Environment
    painted: dict[str, str] = field(default_factory=dict)

    def paint(self, window: Window) -> Panes:
        """Return all panes of a window."""
        with self.slack.changed:
            return {
                "channels": list(self._channels(window)),
                "timeline": list(self._timeline(window)),
                "thread": list(self._thread(window)),
                "form": list(self._form(window)),
                "drawer": list(self._drawer()) if window.is_drawer_open else [],
            }

    def _names(self) -> dict[str, str]:
        people = {id_: str(person.get("name", id_)) for id_, person in self.slack.people.items()}
        return {**people, **{id_: self.slack.channel_names.get(id_, id_) for id_ in self.slack.channels}}

    def _channels(self, window: Window) -> Iterator[Piece]:
        direct = self.slack.direct(window.person)
        for id_ in (*self.slack.channel_names, direct, HOME):
            place = self.slack.channels.get(id_)
            last = place.messages[-1]["ts"] if place and place.messages else ""
            has_news = id_ != window.channel and last > window.read.get(id_, "")
            name = {direct: "milvusfaq", HOME: "milvusfaq: Home"}.get(id_) or f"# {self.slack.channel_names[id_]}"
            yield id_, self._render("channel.html", id=id_, name=name, is_here=id_ == window.channel, has_news=has_news)

    def _timeline(self, window: Window) -> Iterator[Piece]:
        if window.channel == HOME:
            view = self.slack.homes.get(window.person)
            yield "home", self._render("home.html", body=self._blocks(view["blocks"]) if view else "")
            return
        messages = self.slack.channels[window.channel].messages
        replies = Counter(one.get("thread_ts") for one in messages if one.get("thread_ts") != one["ts"])
        for message in messages:
            ts = message["ts"]
            if message.get("thread_ts") in {None, ts}:
                yield ts, self._message(window, message, replies=replies[ts], status=self._status(window.channel, ts))
        yield from self._ephemerals(window, thread="")

    def _thread(self, window: Window) -> Iterator[Piece]:
        if not window.thread or window.channel == HOME:
            return
        for message in self.slack.channels[window.channel].messages:
            if window.thread in {message["ts"], message.get("thread_ts")}:
                yield f"t{message['ts']}", self._message(window, message, in_thread=True)
        yield from self._ephemerals(window, thread=window.thread)
        session = self.slack.sessions.get((window.channel, window.thread))
        status = self._status(window.channel, window.thread)
        if status or session == "processing":
            yield "status", self._render("status.html", status=status, can_stop=session == "processing")

    def _status(self, channel: str, ts: str) -> str:
        return self.slack.statuses.get((channel, ts), "")

    def _ephemerals(self, window: Window, *, thread: str) -> Iterator[Piece]:
        for one in self.slack.ephemerals:
            if (one.channel, one.user) != (window.channel, window.person) or one.thread_ts != thread:
                continue
            yield f"e{one.ts}", self._message(window, {**one.message, "user": BOT_USER, "ts": one.ts}, is_private=True)

    def _message(self, window: Window, message: Json, **more: Any) -> str:
        """Return a message, from what was painted before where nothing of it has changed."""
        key = repr((window.person, message, more))
        if key not in self.painted:
            if len(self.painted) >= MOST_PAINTED:
                self.painted.clear()
            self.painted[key] = self._painted(window, message, **more)
        return self.painted[key]

    def _painted(self, window: Window, message: Json, **more: Any) -> str:
        user = message.get("user", "")
        is_streaming = "stream" in message
        blocks = message.get("blocks") or []
        if is_streaming or (message.get("streamed") and not blocks):
            blocks = [{"type": "markdown", "text": message["text"]}]
        body = self._blocks(blocks) if blocks else mrkdwn(message.get("text") or "", self._names())
        return self._render(
            "message.html",
            message=message,
            author=self._names().get(user, user) or message.get("username") or "An app",
            is_bot=user == BOT_USER,
            is_app=user == BOT_USER or not user,
            is_own=user == window.person,
            is_streaming=is_streaming,
            at=datetime.fromtimestamp(float(message["ts"]), tz=datetime.now().astimezone().tzinfo).strftime("%H:%M"),
            body=body,
            written=html.unescape(message.get("text") or "").replace(f"<@{BOT_USER}>", f"@{BOT_NAME}"),
            files=message.get("files") or [],
            attachments=message.get("attachments") or [],
            **{"replies": 0, "status": "", "in_thread": False, "is_private": False, **more},
        )

    def _blocks(self, blocks: list[Json]) -> Markup:
        return BlockRenderer(names=self._names(), errors={}).blocks(blocks)

    def _form(self, window: Window) -> Iterator[Piece]:
        form = self.slack.forms.get(window.person)
        if form:
            renderer = BlockRenderer(names=self._names(), errors=form.errors)
            yield form.key, self._render("form.html", view=form.view, body=renderer.blocks(form.view["blocks"]))

    def _drawer(self) -> Iterator[Piece]:
        begun = self.slack.begun_at
        for at, kind, name, shown, note in self.slack.traffic()[-MOST_ENTRIES:]:
            text = json.dumps(shown, indent=1, ensure_ascii=False, default=str)
            key = f"{at:.6f}{kind}{name}"
            yield key, self._render("traffic.html", at=at - begun, kind=kind, name=name, text=text, note=note)

    def _render(self, template: str, **values: Any) -> str:
        return self.templates.get_template(template).render(**values)


def changes(before: Panes, now: Panes) -> Json:
    """Return what a window has to change: by pane the keys in their order, and the pieces that are new or other."""
    told: Json = {}
    for name, pieces in now.items():
        old = dict(before.get(name, []))
        fresh = {key: text for key, text in pieces if old.get(key) != text}
        keys = [key for key, _ in pieces]
        if fresh or keys != [key for key, _ in before.get(name, [])]:
            told[name] = {"keys": keys, "pieces": fresh}
    return {"panes": told, "at": time.time()} if told else {}
