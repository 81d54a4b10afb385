"""This file is where Markdown from documents, people and the model is made fit for Slack: it can't ping, lie or break.

What is broken up is broken by a character of no width: a reader sees the same text. All of it works on a text that is
still growing: what `certain_part` returns for a beginning stays the beginning.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

ZERO_WIDTH_SPACE = "\u200b"
EMPTY_CELL = "–"  # noqa: RUF001 - a dash that stands for nothing
"""An empty table cell makes Slack refuse the whole message."""

_PING = re.compile(
    r"(?:<|&(?:lt|#0*60|#x0*3c);)(?=[!@#]|https?:[^>\s]*\|)|@(?=(?:channel|here|everyone)\b)", re.IGNORECASE
)
_OPEN_PING = re.compile(r"(?:<[^>\s]*|&[#\w]{0,8};?|@\w*)$")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\((https?://[^()\s]+)\)")
_DEFINITION = re.compile(r"^(\s*\[[^\]\n]+\]):", re.MULTILINE)
"""`[1]: https://…` would make a link of every mark [1]."""
_ADDRESS_LIKE = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})\b", re.IGNORECASE)
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of writing around can show another address than there is."""
_FENCE = re.compile(r"\s*(```+|~~~+)")
_EMPTY_CELLS = re.compile(r"\|[^\S\n]*(?=\|)")


def harmless(markdown: str) -> str:
    """Break up what would ping people or give a link a false label; fill a table's empty cells."""
    text = _LINK.sub(_honest, _DIRECTIONS.sub("", markdown))
    text = _DEFINITION.sub(rf"\1{ZERO_WIDTH_SPACE}:", text)
    return _with_full_cells(_PING.sub(lambda match: match[0] + ZERO_WIDTH_SPACE, text))


def certain_part(markdown: str) -> str:
    """Return, harmless, what of a growing text will stand in it for certain: no half word, no half row of a table."""
    half = _OPEN_PING.search(markdown)
    certain = markdown[: half.start()] if half else markdown
    line_start = certain.rfind("\n") + 1
    if certain[line_start:].lstrip().startswith("|"):
        certain = certain[:line_start]
    return harmless(certain)


def plain(text: str) -> str:
    """Return words without what turns their direction around."""
    return _DIRECTIONS.sub("", text)


def _honest(link: re.Match[str]) -> str:
    """Show the address of a link whose label names another one."""
    label, address = link[1], link[2]
    named = _ADDRESS_LIKE.fullmatch(label.strip().rstrip("/").split("/")[0] if "://" not in label else label.strip())
    shown = urlsplit(label.strip()).hostname if "://" in label else named and named[1].lower()
    host = urlsplit(address).hostname or ""
    if not shown or shown.removeprefix("www.") == host.removeprefix("www."):
        return link[0]
    return f"{label} ({address})"


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
        elif not fence and line.lstrip().startswith("|"):
            lines[number] = _EMPTY_CELLS.sub(f"| {EMPTY_CELL} ", line)
    return "\n".join(lines)
