"""Splitting long Markdown: between paragraphs, and never through a code fence without closing it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


_FENCE = re.compile(r"^\s*(```+|~~~+)")
_TABLE = re.compile(r"\s*\|.*\n\s*\|")
_RULE = re.compile(r"\s*\|(?:\s*:?-+:?\s*\|)+\s*$")
_BREAKS = ("\n", ". ", "。", " ")


def split_markdown(text: str, limit: int) -> list[str]:
    """Return pieces of at most `limit` characters, in order, that together hold all of the text.

    A piece ends between blocks (paragraphs, lists, fences) where it can. A fence longer than the limit is closed at
    the end of one piece and opened again, with its language, in the next.
    """
    pieces: list[str] = []
    current = ""
    for block in _small_blocks(text, limit):
        joined = f"{current}\n\n{block}" if current else block
        if len(joined) <= limit:
            current = joined
        else:
            pieces.append(current)
            current = block
    return [*pieces, current] if current else pieces


def blocks(text: str) -> list[str]:
    """Return the text's blocks: what blank lines outside fences divide; a fence is one."""
    found: list[list[str]] = [[]]
    fence = ""
    for line in text.strip("\n").split("\n"):
        mark = _FENCE.match(line)
        closes = bool(fence) and line.strip() == fence
        if mark and not fence:
            fence = mark[1]
            found.append([])
        if line.strip() or fence:
            found[-1].append(line)
        elif found[-1]:
            found.append([])
        if closes:
            fence = ""
            found.append([])
    return ["\n".join(lines) for lines in found if lines]


def _small_blocks(text: str, limit: int) -> Iterator[str]:
    for block in blocks(text):
        if len(block) <= limit:
            yield block
        elif _FENCE.match(block):
            yield from _split_fence(block, limit)
        elif _TABLE.match(block):
            yield from _split_table(block, limit)
        else:
            yield from _split_plain(block, limit)


def _split_fence(block: str, limit: int) -> Iterator[str]:
    opening, *body = block.split("\n")
    mark = _FENCE.match(opening)
    closing = mark[1] if mark else "```"
    if body and body[-1].strip() == closing:
        body.pop()
    room = limit - len(opening) - len(closing) - 2
    if room < limit // 2:  # the info string is a page of its own: no fence worth closing
        yield from _split_plain(block, limit)
        return
    for part in _split_plain("\n".join(body), room):
        yield f"{opening}\n{part}\n{closing}"


def _split_table(block: str, limit: int) -> Iterator[str]:
    """Cut between rows, and give each piece the header; a table whose header or row is too long is cut as text."""
    first, rule, *rows = block.split("\n")
    header = f"{first}\n{rule}" if _RULE.match(rule) else ""
    rows = rows if header else [first, rule, *rows]
    if len(header) > limit // 3 or max(map(len, rows), default=0) > limit // 2:
        yield from _split_plain(block, limit)
        return
    piece = header
    for row in rows:
        if len(piece) + len(row) + 1 > limit:
            yield piece
            piece = header
        piece = f"{piece}\n{row}" if piece else row
    yield piece


def _split_plain(text: str, limit: int) -> Iterator[str]:
    """Cut at the last line end, sentence end or space that fits; in mid-word only where there is none."""
    while len(text) > limit:
        cut = next(
            (at + len(mark) for mark in _BREAKS if (at := text.rfind(mark, limit // 2, limit - len(mark))) > 0), limit
        )
        yield text[:cut].rstrip()
        text = text[cut:].lstrip("\n ")
    if text.strip():
        yield text
