"""Slack mrkdwn as a person reads it."""

from __future__ import annotations

import html
import re

from bot.text.redaction import redact, storable

MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")
_CHANNEL_LINK = re.compile(r"<#[A-Z0-9]+(?:\|([^<>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto|tel):[^<>|]+)(?:\|([^<>]*))?>")
_SPECIAL = re.compile(r"<!(\w+)[^<>|]*(?:\|@?([^<>]*))?>")


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
    is_page = link[1].startswith("http")
    address, label = (link[1] if is_page else link[1].partition(":")[2]), link[2]
    if not label or label == address or not is_page:
        return label or address
    return f"{label} ({address})"


def _as_called(special: re.Match[str]) -> str:
    """Return the label of a group or a date, where Slack sends one."""
    if special[1] == "date":
        return special[2] or ""
    return f"@{special[2] or special[1]}"
