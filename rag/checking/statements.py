"""Statements: a reply cut where it can be checked piece by piece, so that the pieces together are the reply.

A statement is a sentence with its marks, a list item's or a table row's; code in a fence is one piece. Headings and
rules claim nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
_ROW = re.compile(r"\s*\|")
_HEADING = re.compile(r"\s*(?:#{1,6}\s|(?:[-*_]\s*){3,}$|\|[\s:|-]+\|\s*$)")
_MARK = (
    r"[ \t]*(?:[\[\u3010\uff3b]\^?[^\[\]\u3010\u3011\uff3d\n]{1,40}[\]\u3011\uff3d](?:[ \t]*[-\u2013][ \t]*(?=[\[]))?)"
)
_END = re.compile(
    rf"(?:[.!?](?:[\"')*_\u201d]*)(?={_MARK}|\s)|[\u3002\uff01\uff1f])(?:{_MARK}(?!\())*[.]?(?=\s|\Z|[^\x00-\x7f])"
)
_NO_END = re.compile(r"(?:\b(?:e\.g|i\.e|vs|cf|approx|resp|no|fig|incl|z\.B|d\.h)|^\s*\d+)\.\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a reply: prose to be checked, code in a fence, or what claims nothing."""

    text: str
    kind: Literal["statement", "code", "other"]


def pieces(text: str, *, is_whole: bool) -> Iterator[Piece]:
    """Yield the pieces of a text; unless it `is_whole`, what may still go on is left out."""
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        line = lines[at]
        is_line_whole = line.endswith("\n") or is_whole
        if fence := _FENCE.match(line):
            end = next((n for n in range(at + 1, len(lines)) if _closes(lines[n], fence[1])), None)
            if end is None and not is_whole:
                return
            end = len(lines) - 1 if end is None else end
            if not lines[end].endswith("\n") and not is_whole:
                return
            yield Piece("".join(lines[at : end + 1]), "code")
            at = end + 1
            continue
        if _HEADING.match(line) or not line.strip() or _ROW.match(line):
            if not is_line_whole:
                return
            yield Piece(line, "statement" if _ROW.match(line) and not _HEADING.match(line) else "other")
        else:
            sentences = list(_sentences(line))
            for number, sentence in enumerate(sentences):
                if number == len(sentences) - 1 and not is_line_whole:
                    return
                yield Piece(sentence, "statement")
        at += 1


def _closes(line: str, fence: str) -> bool:
    return line.strip(" \t>\n") == fence[0] * max(len(fence), len(line.strip(" \t>\n")))


def _sentences(line: str) -> Iterator[str]:
    begin = 0
    for end in _END.finditer(line):
        before = line[begin : end.start() + 1]
        if end.end() < len(line) and not _NO_END.search(before) and before.count("`") % 2 == 0:
            yield line[begin : end.end()]
            begin = end.end()
    yield line[begin:]
