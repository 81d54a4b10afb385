"""The reader of a message: its own words, and all that a person sees beside them.

Beside its words a person sees what a message forwards, its tables and files; not the preview of a link, which says what
another page says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain import MAX_QUESTION_CHARACTERS
from bot.reading.blocks import blocks_mrkdwn, dicts_in, tables_mrkdwn
from bot.reading.excerpt import excerpt
from bot.reading.files import read_file
from bot.text.mrkdwn import plain_text
from bot.text.redaction import redact, storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain import UnreadFile

NO_TEXT = {"This content can't be displayed.", "This message contains interactive elements.", "[no preview available]"}
"""What Slack puts in place of the text of blocks that a client can't show."""
BETWEEN = "\n\n"
LEAST_MATERIAL = 80
"""Characters: less of what stands beside the words is not worth showing."""


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """What a person sees in a message.

    `mrkdwn` are its own words as Slack sends them, with the ids of people in them; `words` the same as they are read,
    `text` the words and what stands beside them, keys and tokens redacted. `unread` are the files that hold more.
    """

    mrkdwn: str
    words: str
    text: str
    unread: tuple[UnreadFile, ...] = ()


def read_message(message: Mapping[str, Any], *, bot_user: str) -> ReadMessage:
    """Read a message of a person or an app; `bot_user` is the bot's own user id."""
    mrkdwn = _own_mrkdwn(message)
    words = plain_text(mrkdwn, bot_user=bot_user)
    files = [read_file(file) for file in dicts_in(message.get("files"))]
    material = [plain_text(part, bot_user=bot_user) for part in _beside(message)]
    for attachment in dicts_in(message.get("attachments")):
        if _is_forwarded(attachment):
            files += [read_file(file) for file in dicts_in(attachment.get("files"))]
    material += [redact(storable(file.text)).strip() for file in files if file.text]
    return ReadMessage(
        mrkdwn=mrkdwn,
        words=words,
        text=_joined(words, [part for part in material if part]),
        unread=tuple(file.unread for file in files if file.unread),
    )


def _joined(words: str, material: list[str]) -> str:
    """Return words and material; so much of the material that both may be asked together."""
    room = MAX_QUESTION_CHARACTERS - len(words)
    parts = [words] if words else []
    for number, part in enumerate(material):
        share = room // (len(material) - number) - len(BETWEEN)
        if share >= min(LEAST_MATERIAL, len(part)):
            parts.append(excerpt(part, share))
            room -= len(parts[-1]) + len(BETWEEN)
    return BETWEEN.join(parts)


def _own_mrkdwn(message: Mapping[str, Any]) -> str:
    """Return a message's own words: its text, or what its blocks say where Slack shows those instead."""
    text = _without_notes(message.get("text"))
    return text if _shows_its_text(message) else blocks_mrkdwn(message.get("blocks")) or text


def _shows_its_text(message: Mapping[str, Any]) -> bool:
    """Tell whether a message's words are its text.

    The text beside an app's blocks is what a notification shows; a person's text says what their blocks say.
    """
    is_by_app = bool(message.get("bot_id")) or message.get("subtype") == "bot_message"
    return bool(_without_notes(message.get("text")).strip()) and not (is_by_app and message.get("blocks"))


def _beside(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield, as mrkdwn, what a message shows beside its own words."""
    if _shows_its_text(message):  # else its blocks are its words
        yield tables_mrkdwn(message.get("blocks"))
    for attachment in dicts_in(message.get("attachments")):
        if _is_forwarded(attachment):
            yield _forwarded(attachment)
        elif not _is_preview(attachment):
            yield _attached(attachment)


def _is_forwarded(attachment: Mapping[str, Any]) -> bool:
    """Tell a forwarded message from the preview of a link to one, which names the link that stands in the text."""
    is_preview = attachment.get("original_url") and not attachment.get("is_share")
    return bool(attachment.get("is_share") or attachment.get("is_msg_unfurl")) and not is_preview


def _is_preview(attachment: Mapping[str, Any]) -> bool:
    return any(attachment.get(mark) for mark in ("original_url", "from_url", "app_unfurl_url", "is_app_unfurl"))


def _forwarded(attachment: Mapping[str, Any]) -> str:
    """Return a forwarded message, with whose words it holds."""
    said = _without_notes(attachment.get("text")) or "\n".join(_message_blocks(attachment)) or _fields(attachment)
    if not said:
        return ""
    author = attachment.get("author_name") or attachment.get("author_subname")
    return f"{author} wrote:\n{said}" if author else said


def _message_blocks(attachment: Mapping[str, Any]) -> Iterator[str]:
    for block in dicts_in(attachment.get("message_blocks")):
        message = block.get("message")
        yield blocks_mrkdwn(message.get("blocks") if isinstance(message, dict) else None)
    yield blocks_mrkdwn(attachment.get("blocks"))


def _attached(attachment: Mapping[str, Any]) -> str:
    """Return what an app's attachment shows: blocks, or the parts of the older form; else its fallback."""
    if blocks := blocks_mrkdwn(attachment.get("blocks")):
        return "\n".join(filter(None, (_without_notes(attachment.get("pretext")), blocks)))
    parts = (_without_notes(attachment.get(name)) for name in ("pretext", "title", "text"))
    shown = "\n".join(filter(None, (*parts, _fields(attachment))))
    return shown or _without_notes(attachment.get("fallback"))


def _fields(attachment: Mapping[str, Any]) -> str:
    fields = ((field.get("title"), field.get("value")) for field in dicts_in(attachment.get("fields")))
    return "\n".join(": ".join(str(part) for part in field if part) for field in fields)


def _without_notes(text: object) -> str:
    return text if isinstance(text, str) and text.strip() not in NO_TEXT else ""
