"""The reader of a message: its own words, and all that a person sees beside them.

Beside its words a person sees what a message forwards, its tables and files; not the preview of a link, which says what
another page says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain import MAX_QUESTION_CHARACTERS
from bot.reading.blocks import blocks_mrkdwn, tables_mrkdwn
from bot.reading.excerpt import excerpt
from bot.reading.files import read_file
from bot.text.mrkdwn import plain_text
from bot.text.redaction import redact, storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain import UnreadFile

NO_TEXT = {"This content can't be displayed.", "This message contains interactive elements.", "[no preview available]"}
"""What Slack puts in place of the text of blocks that a client can't show."""
LEAST_MATERIAL = 400
"""Characters that are kept for what stands beside the words, however long those are."""


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
    files = [read_file(file) for file in _dicts(message.get("files"))]
    material = [plain_text(part, bot_user=bot_user) for part in _beside(message)]
    for attachment in _dicts(message.get("attachments")):
        if _is_forwarded(attachment):
            files += [read_file(file) for file in _dicts(attachment.get("files"))]
    material += [redact(storable(file.text)).strip() for file in files if file.text]
    return ReadMessage(
        mrkdwn=mrkdwn,
        words=words,
        text=_joined(words, [part for part in material if part]),
        unread=tuple(file.unread for file in files if file.unread),
    )


def _joined(words: str, material: list[str]) -> str:
    """Return words and material; so much of the material that both may be asked together."""
    room = max(MAX_QUESTION_CHARACTERS - len(words), LEAST_MATERIAL)
    parts = [words] if words else []
    for number, part in enumerate(material):
        share = room // (len(material) - number) - 2
        parts.append(excerpt(part, share))
        room -= len(parts[-1]) + 2
    return "\n\n".join(parts)


def _own_mrkdwn(message: Mapping[str, Any]) -> str:
    """Return a message's own words: its text, or what its blocks say where Slack shows those instead.

    The text beside an app's blocks is what a notification shows; a person's text says what their blocks say.
    """
    text = str(message.get("text") or "")
    is_by_app = bool(message.get("bot_id")) or message.get("subtype") == "bot_message"
    if text.strip() and text.strip() not in NO_TEXT and not (is_by_app and message.get("blocks")):
        return text
    return blocks_mrkdwn(_dicts(message.get("blocks"))) or ("" if text.strip() in NO_TEXT else text)


def _beside(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield, as mrkdwn, what a message shows beside its own words."""
    if message.get("text"):  # else its blocks are its words
        yield tables_mrkdwn(_dicts(message.get("blocks")))
    for attachment in _dicts(message.get("attachments")):
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
    for block in _dicts(attachment.get("message_blocks")):
        yield blocks_mrkdwn(_dicts((block.get("message") or {}).get("blocks")))
    yield blocks_mrkdwn(_dicts(attachment.get("blocks")))


def _attached(attachment: Mapping[str, Any]) -> str:
    """Return what an app's attachment shows: blocks, or the parts of the older form; else its fallback."""
    if blocks := blocks_mrkdwn(_dicts(attachment.get("blocks"))):
        return "\n".join(filter(None, (_without_notes(attachment.get("pretext")), blocks)))
    parts = (_without_notes(attachment.get(name)) for name in ("pretext", "title", "text"))
    shown = "\n".join(filter(None, (*parts, _fields(attachment))))
    return shown or _without_notes(attachment.get("fallback"))


def _fields(attachment: Mapping[str, Any]) -> str:
    fields = ((field.get("title"), field.get("value")) for field in _dicts(attachment.get("fields")))
    return "\n".join(": ".join(str(part) for part in field if part) for field in fields)


def _without_notes(text: object) -> str:
    return text if isinstance(text, str) and text.strip() not in NO_TEXT else ""


def _dicts(value: object) -> list[dict[str, Any]]:
    """Return the objects in a list that Slack sends; it may be null, and another app's may hold anything."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
