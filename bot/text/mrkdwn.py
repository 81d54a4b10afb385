"""Slack mrkdwn: a message's text as a person reads it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from bot.text.redaction import redact, storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")
_CHANNEL_LINK = re.compile(r"<#[A-Z0-9]+(?:\|([^<>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto):[^<>|]+)(?:\|([^<>]*))?>")
_SPECIAL = re.compile(r"<!(\w+)[^<>|]*(?:\|@?([^<>]*))?>")


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
    text = MENTION.sub(lambda match: "" if match[1] == bot_user else f"@{match[1]}", text)
    text = _CHANNEL_LINK.sub(lambda match: f"#{match[1] or 'channel'}", text)
    text = _LINK.sub(_as_read, text)
    text = _SPECIAL.sub(_as_called, text)
    return redact(storable(html.unescape(text))).strip()


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
