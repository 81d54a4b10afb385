"""This file is where a Slack event becomes an Inquiry, or the reason to stay quiet."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot.asking import asks_outright, asks_something, small_talk
from bot.redaction import redact
from bot.views import FORM_PRIVATELY, FORM_QUESTION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.wording import Wording

QuietReason = Literal[
    "from a bot",
    "an edit or another kind of message",
    "not addressed",
    "only mentions are answered here",
    "addressed to someone else",
    "asks nothing",
    "not a thread of ours, or muted",
]
Way = Literal["mention", "direct", "command", "support", "follow-up", "shortcut", "private", "home"]
"""How a question came.

A follow-up is a reply in a thread that the bot has joined, and does not mention it; a shortcut's question is about
another's message, and answered in its thread or in private; home is a press on an example.
"""
UNASKED_WAYS = ("follow-up", "support")
Policy = Literal["questions", "all", "mentions"]
"""What is answered in a support channel without a mention: what asks something, everything, or nothing."""
MAX_QUESTION_CHARACTERS = 3_000
PERSON_SUBTYPES = {None, "file_share", "thread_broadcast"}
"""What a person posts; every other subtype is an edit, a deletion, a join, a bot."""

_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")
_ADDRESSED = re.compile(r"<(?:@[A-Z0-9]|!subteam\^|!(?:here|channel|everyone)\b)")
_CHANNEL_LINK = re.compile(r"<#[A-Z0-9]+(?:\|([^<>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto):[^<>|]+)(?:\|([^<>]*))?>")
_SPECIAL = re.compile(r"<!(\w+)[^<>|]*(?:\|@?([^<>]*))?>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A question in Slack: who asks, where, what. `ts` is its message's, `thread_ts` the thread that is answered in.

    Some questions have no message: their `ts` is made of what triggered them, and has a space in it. Of those, a
    command's and an example's `thread_ts` is "" until the question is posted. `edited_ts` is when the message was given
    these words, "" for never since it was written.
    """

    team: str
    channel: str
    ts: str
    thread_ts: str
    user: str
    text: str
    way: Way = "mention"
    edited_ts: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells one question from another: a mention's two events and a redelivery share it."""
        return self.team, self.channel, self.ts

    @property
    def thread(self) -> tuple[str, str, str]:
        """What tells its thread from another."""
        return self.team, self.channel, self.thread_ts

    @property
    def in_running_thread(self) -> bool:
        """Whether there are earlier messages in its thread."""
        return self.ts != self.thread_ts and bool(self.thread_ts) and self.way not in {"command", "home"}

    @property
    def is_unasked(self) -> bool:
        """Whether nobody has turned to the bot: it may stay quiet then."""
        return self.way in UNASKED_WAYS

    @property
    def is_direct(self) -> bool:
        """Whether it was asked in direct messages."""
        return self.channel.startswith("D")

    @property
    def has_message(self) -> bool:
        """Whether the question is a message in Slack."""
        return " " not in self.ts

    @property
    def since(self) -> str:
        """The ts after which everything that belongs to the question stands."""
        return self.ts if self.has_message else self.thread_ts


@dataclass(frozen=True, slots=True)
class Quiet:
    """Why there is nothing to answer."""

    reason: QuietReason


def read_mention(event: Mapping[str, Any], *, bot_user: str) -> Inquiry | Quiet:
    """Read an app_mention event."""
    if _is_from_bot(event, bot_user):
        return Quiet("from a bot")
    if event.get("subtype") not in PERSON_SUBTYPES or event.get("edited"):
        return Quiet("an edit or another kind of message")
    return _unless_thanks(_inquiry(event, bot_user, "mention"))


def read_message(
    event: Mapping[str, Any], *, bot_user: str, support_channels: Mapping[str, Policy] | None = None
) -> Inquiry | Quiet:
    """Read a message event: a DM, the twin of a mention, a post in a support channel, or a reply in some thread.

    A reply is a follow-up only in a thread that the bot has joined, which whoever calls this has to look up.
    """
    if _is_from_bot(event, bot_user):
        return Quiet("from a bot")
    if event.get("subtype") not in PERSON_SUBTYPES or event.get("edited"):
        return Quiet("an edit or another kind of message")
    mentioned = _MENTION.findall(event.get("text") or "")
    if bot_user in mentioned:
        return _unless_thanks(_inquiry(event, bot_user, "mention"))
    if event.get("channel_type") == "im":
        return _unless_thanks(_inquiry(event, bot_user, "direct"))
    return _read_unasked(event, bot_user, (support_channels or {}).get(event["channel"]))


def _unless_thanks(inquiry: Inquiry) -> Inquiry | Quiet:
    return Quiet("asks nothing") if small_talk(inquiry.text) == "thanks" else inquiry


def _read_unasked(event: Mapping[str, Any], bot_user: str, policy: Policy | None) -> Inquiry | Quiet:
    """Read a channel's message that does not mention the bot."""
    is_reply = event.get("thread_ts") not in {None, event["ts"]}
    if policy == "mentions":
        return Quiet("only mentions are answered here")
    if policy is None and not is_reply:
        return Quiet("not addressed")
    text = event.get("text") or ""
    if _ADDRESSED.search(text) if is_reply else _MENTION.match(text.lstrip()):
        return Quiet("addressed to someone else")
    inquiry = _inquiry(event, bot_user, "follow-up" if is_reply else "support")
    if is_reply:
        wanted = asks_outright(inquiry.text)
    else:
        wanted = bool(inquiry.text) if policy == "all" else asks_something(inquiry.text)
    return inquiry if wanted and len(inquiry.text) <= MAX_QUESTION_CHARACTERS else Quiet("asks nothing")


def edited_message(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a message whose words a person has changed, as the message event that it would be now; None for others.

    Slack sends a change too when it unfurls a link or a reply comes, and for the bot's own messages.
    """
    message, before = event.get("message") or {}, event.get("previous_message") or {}
    is_edit = event.get("subtype") == "message_changed" and message.get("text") != before.get("text")
    if not is_edit or not message.get("edited") or message.get("subtype") == "tombstone":
        return None
    kept = {key: value for key, value in message.items() if key != "edited"}
    place = {"channel": event["channel"], "channel_type": event.get("channel_type")}
    return {**kept, **place, "edited_ts": message["edited"].get("ts")}


def deleted_ts(event: Mapping[str, Any]) -> str:
    """Return the ts of the message that an event says was deleted, "" where it says no such thing.

    Of a thread's first message Slack leaves a tombstone, which comes as a change.
    """
    if event.get("subtype") == "message_deleted":
        return str(event["deleted_ts"])
    changed = event.get("message") or {}
    is_tombstone = event.get("subtype") == "message_changed" and changed.get("subtype") == "tombstone"
    return str(changed["ts"]) if is_tombstone else ""


def read_command(command: Mapping[str, Any], *, bot_user: str) -> Inquiry:
    """Read a slash command's payload."""
    return Inquiry(
        team=command.get("team_id") or "",
        channel=command["channel_id"],
        ts=f"command {command['trigger_id']}",
        thread_ts="",
        user=command["user_id"],
        text=plain_text(command.get("text") or "", bot_user=bot_user),
        way="command",
    )


def read_form(view: Mapping[str, Any], about: Mapping[str, str], *, user: str) -> Inquiry:
    """Read the form of a message's shortcut; `about` is what was kept with it of the message."""
    values = view["state"]["values"]
    privately = values[FORM_PRIVATELY][FORM_PRIVATELY].get("selected_options")
    return Inquiry(
        team=about["team"],
        channel=about["channel"],
        ts=f"shortcut {view['id']}",
        thread_ts=about["thread_ts"],
        user=user,
        text=redact((values[FORM_QUESTION][FORM_QUESTION].get("value") or "").replace("\0", "")).strip(),
        way="private" if privately else "shortcut",
    )


def objection(text: str, words: Wording, *, bot_name: str = "milvusfaq") -> str:
    """Return what to tell someone whose question can't be answered as it stands; "" when it can."""
    if not text:
        return words.empty_question
    if small_talk(text) == "hello" or not re.search(r"\w", text):
        return words.help.format(name=bot_name)
    if len(text) > MAX_QUESTION_CHARACTERS:
        return words.too_long.format(characters=len(text), most=MAX_QUESTION_CHARACTERS)
    return ""


def message_text(message: Mapping[str, Any], *, bot_user: str) -> str:
    """Return what a message says: its text, or where it has none what it forwards, attaches or lays out in blocks."""
    text = plain_text(message.get("text") or "", bot_user=bot_user)
    if text:
        return text
    attached = [one.get("text") or one.get("fallback") or "" for one in message.get("attachments") or ()]
    laid_out = () if any(attached) else ("".join(_words_in(block)) for block in message.get("blocks") or ())
    return plain_text("\n".join(filter(None, (*attached, *laid_out))), bot_user=bot_user)


def _words_in(block: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words of a block in their order; people and channels that it names are left out."""
    text = block.get("text") or ""
    yield from [text] if isinstance(text, str) else _words_in(text)
    for field in block.get("fields") or ():
        yield from ("\n", *_words_in(field))
    for element in block.get("elements") or ():
        yield from _words_in(element)


def plain_text(text: str, *, bot_user: str) -> str:
    """Return a message's text as a person reads it: the bot's own mention left out, links as label and address.

    Keys and tokens in it are redacted: nothing behind this line sees them.
    """
    text = _MENTION.sub(lambda match: "" if match[1] == bot_user else f"@{match[1]}", text)
    text = _CHANNEL_LINK.sub(lambda match: f"#{match[1] or 'channel'}", text)
    text = _LINK.sub(_as_read, text)
    text = _SPECIAL.sub(_as_called, text)
    return redact(html.unescape(text).replace("\0", "")).strip()


def _as_read(link: re.Match[str]) -> str:
    address, label = link[1].removeprefix("mailto:"), link[2]
    if not label or label == address or link[1].startswith("mailto:"):
        return label or address
    return f"{label} ({address})"


def _as_called(special: re.Match[str]) -> str:
    """Return the label of a group or a date, where Slack sends one."""
    if special[1] == "date":
        return special[2] or ""
    return f"@{special[2] or special[1]}"


def _is_from_bot(event: Mapping[str, Any], bot_user: str) -> bool:
    return bool(event.get("bot_id")) or event.get("user") in {None, bot_user, "USLACKBOT"}


def _inquiry(event: Mapping[str, Any], bot_user: str, way: Way) -> Inquiry:
    return Inquiry(
        team=event.get("team") or "",
        channel=event["channel"],
        ts=event["ts"],
        thread_ts=event.get("thread_ts") or event["ts"],
        user=event["user"],
        text=message_text(event, bot_user=bot_user),
        way=way,
        edited_ts=event.get("edited_ts") or "",
    )
