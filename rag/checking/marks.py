"""Marks: the numbers of passages in a reply, in all the forms in which models write them, and addresses of their own.

A number is true when a passage with that number was given to the model. Marks inside code are code (`results[0]`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOURCE = r"(?:passages?|sources?|refs?\.?|references?|docs?|citations?|context|quellen?|段落|来源|出典)"
_WORD = rf"(?:see\s+)?{_SOURCE}\s*(?:no\.?\s*|\#\s*)?"
_AND = r"(?:,\s*and\b|,|;|&|\band\b|\bund\b|\bet\b|\by\b|和|、)\s*(?:passages?\s*)?"
_TO = r"(?:[\u2013\u2014-]|\bto\b)\s*(?:passages?\s*)?"
_LIST = rf"\d{{1,4}}(?:\s*(?:{_AND}|{_TO})\d{{1,4}})*"
# Fences and inline code; marks: [1], [1, 2], [1-3], [^1], 【1†x】, [Passage 1], (passage 1), [1]-[3], full-width ones,
# with a link's target if the model made one of it; links and addresses.
PIECES = re.compile(
    r"(?P<code>^ {0,3}(?P<fence>```+|~~~+)[^\n]*(?:\n(?! {0,3}(?P=fence))[^\n]*)*(?:\n[^\n]*)?"
    r"|(?P<tick>`+)[^\n]*?(?P=tick))"
    r"|(?P<space>[ \t]?)(?:\[(?P<first>\d{1,4})\]\s*[\u2013\u2014-]\s*\[(?P<last>\d{1,4})\]"
    rf"|[\[\u3010\uff3b]\^?(?:{_WORD})?(?P<numbers>{_LIST})(?:\u2020[^\]\u3011\n]*)?[\]\u3011\uff3d](?:\([^()\s]*\))?"
    rf"|[(\uff08]{_WORD}(?P<worded>{_LIST})[)\uff09])"
    r"|(?:\[(?P<words>[^\[\]\n]*)\]\()?<?(?P<address>https?://[^\s()<>\]]+)>?(?(words)\)|)",
    re.MULTILINE | re.IGNORECASE,
)
_JOINT = re.compile(rf"\s*{_AND}", re.IGNORECASE)
_RANGE = re.compile(rf"\s*{_TO}", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s()<>\]]+")
_LOCAL = re.compile(r"https?://(?:localhost|127\.0\.0\.1)\b")


def numbers_of(match: re.Match[str]) -> list[int] | None:
    """Return the numbers that a piece marks, None for code and addresses."""
    if match["first"] is not None:
        return list(range(int(match["first"]), int(match["last"]) + 1))
    listed = match["numbers"] or match["worded"]
    return list(_listed(listed)) if listed is not None else None


def _listed(listed: str) -> Iterator[int]:
    for part in _JOINT.split(listed):
        first, *last = _RANGE.split(part)
        yield from range(int(first), int(last[-1] if last else first) + 1)


def without_own_addresses(text: str, known: frozenset[str]) -> str:
    """Return the text without the addresses that the model wrote of itself: a link then keeps its words."""

    def kept(match: re.Match[str]) -> str:
        return match[0] if match["address"] is None else _kept_address(match, known)

    found = PIECES.sub(kept, text)
    return text if found == text else re.sub(r"(?<=\S) {2,}(?=\S)", " ", found)


def split_marks(text: str) -> tuple[str, list[int]]:
    """Return a text without its marks, and their numbers in their order."""
    numbers: list[int] = []

    def taken(match: re.Match[str]) -> str:
        found = numbers_of(match)
        if found is None:
            return match[0]
        numbers.extend(found)
        return ""

    return PIECES.sub(taken, text), numbers


def addresses(text: str) -> list[str]:
    """Return the addresses in a text."""
    return [address.rstrip(".,;:!?'\"*") for address in _ADDRESS.findall(text)]


def marks(text: str) -> Iterator[tuple[int, int]]:
    """Yield each mark's number and where in the text it begins, of a text whose marks are all written as `[n]`."""
    for match in PIECES.finditer(text):
        for number in numbers_of(match) or ():
            yield number, match.start()


def _kept_address(match: re.Match[str], known: frozenset[str]) -> str:
    address, words = match["address"].rstrip(".,;:!?'\"*"), match["words"]
    if address in known or _LOCAL.match(address):
        return match[0]
    return words if words is not None else match["address"][len(address) :]
