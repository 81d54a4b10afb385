"""Actions: what people do on the page, as what Slack makes of it: messages, presses, forms, commands."""

from __future__ import annotations

import html
import re
import time
from typing import TYPE_CHECKING

from bot.playground.page.panes import HOME
from bot.playground.page.samples import LOG, SAMPLES, SHOWN_LINES
from bot.playground.page.state import OpenForm, PageState
from bot.playground.payloads import message_action
from bot.playground.workspace import BOT_NAME, BOT_USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.page.panes import Window
    from bot.playground.sockets import Envelope
    from bot.playground.workspace import Json

COMMAND = f"/{BOT_NAME}"
ACK_WITHIN_S = 3.0
TIMEOUT_NOTE = f"{COMMAND} failed because the app did not respond"
_MENTION = re.compile(rf"(?<!\w)@{BOT_NAME}\b", re.IGNORECASE)


class PageActions(PageState):
    """A Slack in which people act through windows."""

    def do(self, window: Window, told: Json) -> Window:
        """Do what a window's user does; return what the window looks at then."""
        actions: dict[str, Callable[[Window, Json], Window | None]] = {
            "look": self._look,
            "say": self._say,
            "sample": self._send_sample,
            "edit": self._edit,
            "delete": self._delete_own,
            "press": self._press,
            "stop": self._stop_answer,
            "submit": self._submit,
            "close": self._close_form,
            "shortcut": self._use_shortcut,
        }
        action = actions.get(str(told.get("do")))
        moved = action(window, told) if action else None
        return moved or window

    def _look(self, window: Window, told: Json) -> Window:
        """Look at something else: as another person, at another channel, at a thread, at the drawer."""
        person = told["person"] if told.get("person") in self.people else window.person
        channel = str(told.get("channel", window.channel))
        if channel.startswith("D") or (channel not in self.channels and channel != HOME):
            channel = self.direct(person)
        thread = str(told.get("thread", "" if channel != window.channel else window.thread))
        if channel == HOME and (channel != window.channel or person != window.person):
            self.open_home(user=person)
        read = {**window.read, window.channel: f"{time.time():.6f}", channel: f"{time.time():.6f}"}
        is_open = bool(told.get("drawer", window.is_drawer_open))
        return window.moved(person=person, channel=channel, thread=thread, is_drawer_open=is_open, read=read)

    def _say(self, window: Window, told: Json) -> Window | None:
        text, thread = str(told.get("text", "")).strip(), str(told.get("thread", ""))
        if not text or window.channel == HOME:
            return None
        if text.split()[0] == COMMAND and not thread:
            envelope = self.command(window.channel, text.removeprefix(COMMAND).strip(), user=window.person)
            if not self._is_acked(envelope):
                self.tell_alone(window.channel, window.person, {"text": TIMEOUT_NOTE})
            return None
        text = _as_sent(text)
        ts = self.say(window.channel, text, thread_ts=thread or None, user=window.person)
        is_asked = BOT_USER in text or self.channels[window.channel].type == "im"
        return window.moved(thread=ts) if is_asked and not thread else None

    def _send_sample(self, window: Window, told: Json) -> Window | None:
        """Send a post that is no plain words."""
        sample = SAMPLES.get(str(told.get("name")))
        if sample is None or window.channel == HOME:
            return None
        more = {"user": window.person, **sample}
        if told["name"] == "file":
            shown = "\n".join(LOG.splitlines()[:SHOWN_LINES])
            more |= {"files": [self.attach("milvus.log", LOG, preview=shown)], "subtype": "file_share"}
        return window.moved(thread=self.say(window.channel, more.pop("text"), **more))

    def _edit(self, window: Window, told: Json) -> None:
        if self._is_own(window, told["ts"]):
            self.edit(window.channel, told["ts"], _as_sent(str(told["text"])))

    def _delete_own(self, window: Window, told: Json) -> None:
        if self._is_own(window, told["ts"]):
            self.delete(window.channel, told["ts"])

    def _is_own(self, window: Window, ts: str) -> bool:
        place = self.channels.get(window.channel)
        return any(one["ts"] == ts and one.get("user") == window.person for one in place.messages) if place else False

    def _press(self, window: Window, told: Json) -> None:
        action, value, ts = str(told["action"]), str(told.get("value", "")), str(told.get("ts", ""))
        if window.channel == HOME:
            self.press_home(action, value, user=window.person)
            return
        messages = self.channels[window.channel].messages
        private = {one.ts: one.message for one in self.ephemerals}
        message = next((one for one in messages if one["ts"] == ts), private.get(ts.removeprefix("e"), {}))
        pressed = message_action(action, value, type_=str(told.get("kind", "button")))
        self.act(window.channel, message, pressed, user=window.person)

    def _stop_answer(self, window: Window, told: Json) -> None:
        self.press_stop(window.channel, str(told["thread"]), user=window.person)

    def _submit(self, window: Window, told: Json) -> None:
        """Send a form off; it closes when the app takes it, or shows what the app says is wrong."""
        form = self.forms.get(window.person)
        if form is None:
            return
        form.errors = _missing(form.view, told["values"])
        if not form.errors:
            envelope = self.submit(form.view, told["values"], user=window.person)
            acked = self._is_acked(envelope)
            form.errors = (
                envelope.reply.get("errors", {}) if acked else {_first_block(form.view): "We had some trouble."}
            )
        if not form.errors:
            self.forms.pop(window.person, None)
        self.notify()

    def _close_form(self, window: Window, _: Json) -> None:
        self.forms.pop(window.person, None)

    def _use_shortcut(self, window: Window, told: Json) -> None:
        for message in self.channels[window.channel].messages:
            if message["ts"] == told["ts"]:
                self.shortcut(window.channel, message, user=window.person)

    def _is_acked(self, envelope: Envelope) -> bool:
        """Wait for an ack, as long as Slack does."""
        with self.changed:
            return bool(self.changed.wait_for(lambda: envelope.acked_at is not None, ACK_WITHIN_S))

    def _open_view(self, arguments: Json) -> Json:
        """Show a form to whoever has pressed what it belongs to."""
        answer = super()._open_view(arguments)
        if person := self.triggered_by.get(str(arguments.get("trigger_id"))):
            self.forms[person] = OpenForm({**arguments["view"], "id": "V1"}, key=f"form{len(self.views)}")
        return answer


def _as_sent(text: str) -> str:
    """Return what someone has written as Slack sends it: escaped, with the bot's name as a mention."""
    return _MENTION.sub(f"<@{BOT_USER}>", html.escape(text, quote=False))


def _missing(view: Json, values: Json) -> dict[str, str]:
    """Return what Slack itself says of fields that have to be filled in."""
    missing = {}
    for block in view["blocks"]:
        if block["type"] == "input" and not block.get("optional"):
            given = values.get(block["block_id"], {}).get(block["element"]["action_id"], {})
            if not (given.get("value") or given.get("selected_option") or given.get("selected_options")):
                missing[block["block_id"]] = "Please complete this required field."
    return missing


def _first_block(view: Json) -> str:
    return str(next(block["block_id"] for block in view["blocks"] if block["type"] == "input"))
