"""Markdown that is fit for Slack: what comes from documents, people and the model can't ping, lie or break.

What is broken up is broken by a character of no width: a reader sees the same text. All of it works on a text that is
still growing: what `stable_prefix` returns for a beginning stays the beginning.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

ZERO_WIDTH_SPACE = "\u200b"
EMPTY_CELL = "–"  # noqa: RUF001 - a dash that stands for nothing
"""An empty table cell makes Slack refuse the whole message."""

_PING = re.compile(
    r"(?:<|&(?:lt|#0*60|#x0*3c);)(?=[!@#]|[a-z][a-z0-9+.-]*:[^>\s]*\|)|@(?=(?:channel|here|everyone)\b)", re.IGNORECASE
)
_OPEN_PING = re.compile(r"(?:<[^>\s]*|&[#\w]{0,8};?|@\w*)$")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\(([^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)")
_DEFINITION = re.compile(r"^(\s*\[[^\]\n]+\]):", re.MULTILINE)
"""`[1]: https://…` would make a link of every mark [1]."""
_ADDRESS_LIKE = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}\b", re.IGNORECASE)
_DRESSING = re.compile("[*_~`\u200b-\u200d\u2060\ufeff]")
"""Marks and characters of no width, which hide an address in a label from us and not from a reader."""
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of writing around can show another address than there is."""
_MRKDWN = (
    (re.compile(r"\*\*([^*\n]+)\*\*"), r"*\1*"),
    (re.compile(r"\[([^\[\]\n|]+)\]\((https?://[^()\s|]+)\)"), r"<\2|\1>"),
    (re.compile(r"^#{1,6} +(.+)$", re.MULTILINE), r"*\1*"),
    (re.compile(r"^(\s*)[-*] ", re.MULTILINE), r"\1• "),
    (re.compile(r"^&gt; ?", re.MULTILINE), "> "),
)
_CODE = re.compile(r"(^[ \t]*```.*?^[ \t]*```[ \t]*$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_FENCE_LANGUAGE = re.compile(r"^([ \t]*```)[^\n`]*(?=\n)")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_HALF_ROW = re.compile(r"[ \t]*>?[ \t>]*(?:\||$)")
"""The beginning of a line that is a table's row, or may become one."""
_EMPTY_CELLS = re.compile(r"\|[^\S\n]*(?=\|)")


def sanitize(markdown: str) -> str:
    """Break up what would ping people or give a link a false label; fill a table's empty cells."""
    text = _LINK.sub(_honest, _DIRECTIONS.sub("", markdown))
    text = _DEFINITION.sub(rf"\1{ZERO_WIDTH_SPACE}:", text)
    return _with_full_cells(_PING.sub(lambda match: match[0] + ZERO_WIDTH_SPACE, text))


def stable_prefix(markdown: str) -> str:
    """Return, harmless, what of a growing text will stand in it for certain: no half word, no half row of a table."""
    half = _OPEN_PING.search(markdown)
    certain = markdown[: half.start()] if half else markdown
    line_start = certain.rfind("\n") + 1
    if _HALF_ROW.match(certain, line_start):
        certain = certain[:line_start]
    return sanitize(certain)


def plain(text: str) -> str:
    """Return words without what turns their direction around."""
    return _DIRECTIONS.sub("", text)


def _honest(link: re.Match[str]) -> str:
    """Show the address of a link whose label names another one."""
    label, address = link[1], link[2].strip().split(" ")[0].strip("<>")
    named = {name.lower().removeprefix("www.") for name in _ADDRESS_LIKE.findall(_DRESSING.sub("", label))}
    parts = urlsplit(address)
    host = (parts.hostname or "").removeprefix("www.") if parts.scheme.lower() in {"http", "https"} else ""
    return link[0] if named <= {host} else f"{label} ({address})"


def _with_full_cells(markdown: str) -> str:
    if "|" not in markdown:
        return markdown
    lines, fence = markdown.split("\n"), ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif fence and line.strip() == fence:
            fence = ""
        elif not fence and line.lstrip(" >").startswith("|"):
            lines[number] = _EMPTY_CELLS.sub(f"| {EMPTY_CELL} ", line)
    return "\n".join(lines)


def as_mrkdwn(markdown: str) -> str:
    """Return harmless Markdown in Slack's own markup: bold, links, headings and lists; the rest reads as it is.

    Code stays letter for letter; a fence loses its language, which Slack would show as a line of it.
    """
    pieces = _CODE.split(escaped(markdown))
    pieces[::2] = map(_prose_as_mrkdwn, pieces[::2])
    pieces[1::2] = [_FENCE_LANGUAGE.sub(r"\1", code) for code in pieces[1::2]]
    return "".join(pieces)


def _prose_as_mrkdwn(text: str) -> str:
    for pattern, replacement in _MRKDWN:
        text = pattern.sub(replacement, text)
    return text


def escaped(text: str) -> str:
    """Return words in which nothing is a mention or a link, for Slack's own markup."""
    return html.escape(text, quote=False)
