"""Excerpts: what matters most in a text that is too long, a log above all."""

from __future__ import annotations

import re

OMITTED = "…"
_ERROR = re.compile(
    r"error|exception|traceback|fatal|panic|fail|refus|denied|reject|timed? ?out|exceed|cannot|can't|unable|invalid"
    r"|killed|oom|not found|no such|\b[EF]\d{4}\b|\bcode[=: ]\d",
    re.IGNORECASE,
)
LINE_CHARACTERS = 400


def excerpt(text: str, limit: int) -> str:
    """Return at most `limit` characters of a text, by whole lines: its first, those that tell of errors, its last.

    What is left out between them is marked. A very long line is cut.
    """
    if len(text) <= limit:
        return text
    lines = [line if len(line) <= LINE_CHARACTERS else line[:LINE_CHARACTERS] + OMITTED for line in text.splitlines()]
    kept: set[int] = set()
    room = limit
    for number in _by_weight(lines):
        size = len(lines[number]) + len(OMITTED) + 2
        if size <= room:
            kept.add(number)
            room -= size
        if room < len(OMITTED) + 2:
            break
    shown: list[str] = []
    before = -1
    for number in sorted(kept):
        if number != before + 1:
            shown.append(OMITTED)
        shown.append(lines[number])
        before = number
    return "\n".join([*shown, *([OMITTED] if before < len(lines) - 1 else [])])[:limit]


def _by_weight(lines: list[str]) -> list[int]:
    """Return the numbers of lines, those to keep first in front; of lines that say the same the first."""
    seen: set[str] = set()
    errors: list[int] = []
    for number, line in enumerate(lines):
        said = re.sub(r"\d+", "0", line)
        if _ERROR.search(line) and said not in seen:
            seen.add(said)
            errors.append(number)
    first, last = range(min(3, len(lines))), range(max(0, len(lines) - 2), len(lines))
    return list(dict.fromkeys([*first, *errors, *last, *range(len(lines))]))
