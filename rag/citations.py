"""This file is where `[n]` marks become citations: false marks go, and each true one gets a verbatim snippet.

A number is true when a passage with that number was given to the model. Marks inside code are code (`results[0]`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.domain import Answer, Citation
from rag.prompt import NOT_IN_DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.domain import Passage

SNIPPET_CHARACTERS = 240
NEAREST_PAGES = 3
UNMARKED = "The model marked no source; these are the passages that it was given."

# Fences and inline code, then marks: [1], [1, 2], [1-3], [^1], 【1】, with a link's target if the model made one of it.
_PIECES = re.compile(
    r"(?P<code>^ {0,3}(?P<fence>```+|~~~+)[^\n]*(?:\n(?! {0,3}(?P=fence))[^\n]*)*(?:\n[^\n]*)?"
    r"|(?P<tick>`+)[^\n]*?(?P=tick))"
    r"|(?P<space>[ \t]?)[\[【]\^?(?P<numbers>\d{1,4}(?:\s*[,;\u2013-]\s*\d{1,4})*)[\]】](?:\([^()\s]*\))?",
    re.MULTILINE,
)
_SENTENCE = re.compile(r"[^\s](?:[^\n.!?。！？]|[.!?](?!\s))*[.!?。！？]?")  # noqa: RUF001 - Chinese full stops on purpose
_WORD = re.compile(r"\w{3,}")


def cite(text: str, passages: Sequence[Passage]) -> Answer:
    """Return the model's reply as an answer whose every mark stands for one of its citations."""
    stripped = text.strip()
    if stripped.startswith(NOT_IN_DOCS):
        rest = keep_true_marks(stripped.removeprefix(NOT_IN_DOCS).lstrip(" .:\n"), len(passages))
        return Answer(text=rest, citations=_whole(passages[:NEAREST_PAGES]), kind="abstained")
    cleaned = keep_true_marks(stripped, len(passages))
    used = sorted({number for number, _ in _marks(cleaned)})
    if not used:
        return Answer(text=cleaned, citations=_whole(passages, cleaned), kind="grounded", notice=UNMARKED)
    citations = tuple(
        Citation(
            number=number, passage=passages[number - 1], snippet=snippet(passages[number - 1].text, near=statements)
        )
        for number in used
        for statements in [
            " ".join(_sentence_before(cleaned, end) for marked, end in _marks(cleaned) if marked == number)
        ]
    )
    return Answer(text=cleaned, citations=citations, kind="grounded")


def keep_true_marks(text: str, passages: int) -> str:
    """Return the text with every mark written as `[n]`, and those without a passage taken out."""

    def rewritten(match: re.Match[str]) -> str:
        if match["code"] is not None:
            return match[0]
        marks = "".join(f"[{number}]" for number in _numbers(match["numbers"]) if 1 <= number <= passages)
        return match["space"] + marks if marks else ""

    return _PIECES.sub(rewritten, text)


def settled(text: str, passages: int) -> str:
    """Return what a reader of a growing text may already see: cleaned, and cut before a mark or code still open."""
    line_start = text.rfind("\n") + 1
    line = text[line_start:]
    cuts = [len(line)]
    if line.count("`") % 2:
        cuts.append(line.rfind("`"))
    opening = max(line.rfind("["), line.rfind("【"))
    if opening >= 0 and not re.search(r"[\]】][^(]", line[opening:]):
        cuts.append(opening)
    certain = text[: line_start + min(cuts)]
    return keep_true_marks(certain.rstrip(" \t"), passages)  # a false mark takes the space before it along


def snippet(text: str, *, near: str = "") -> str:
    """Return at most SNIPPET_CHARACTERS that stand verbatim in the text: the sentences that share most with `near`."""
    spans = [match.span() for match in _SENTENCE.finditer(text) if not text.startswith("```", match.start())]
    if not spans:
        return text[:SNIPPET_CHARACTERS].strip()
    wanted = set(_WORD.findall(near.lower()))
    windows = [_window(text, spans[number:]) for number in range(len(spans))]
    return max(windows, key=lambda window: len(wanted & set(_WORD.findall(window.lower()))))


def _window(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return as many of these sentences as fit; where the first are short and the next is long, a part of that too."""
    start = spans[0][0]
    ends = [end for _, end in spans if end - start <= SNIPPET_CHARACTERS]
    if ends and (len(ends) == len(spans) or ends[-1] - start > SNIPPET_CHARACTERS // 2):
        return text[start : ends[-1]]
    cut = text.rfind(" ", start, start + SNIPPET_CHARACTERS)
    return text[start : cut if cut > start else start + SNIPPET_CHARACTERS].strip()


def _whole(passages: Sequence[Passage], near: str = "") -> tuple[Citation, ...]:
    return tuple(
        Citation(number=number, passage=passage, snippet=snippet(passage.text, near=near))
        for number, passage in enumerate(passages, start=1)
    )


def _marks(text: str) -> Iterator[tuple[int, int]]:
    """Yield each mark's number and where in the text it begins."""
    for match in _PIECES.finditer(text):
        if match["code"] is None:
            for number in _numbers(match["numbers"]):
                yield number, match.start()


def _numbers(listed: str) -> Iterator[int]:
    for part in re.split(r"\s*[,;]\s*", listed):
        first, *last = re.split(r"\s*[\u2013-]\s*", part)
        yield from range(int(first), int(last[-1] if last else first) + 1)


def _sentence_before(text: str, end: int) -> str:
    """Return the sentence that a mark at `end` closes, marks between them passed over."""
    before = re.sub(r"(?:\s|\[\d+\]|[.!?])+$", "", text[:end])
    return re.split(r"(?<=[.!?])\s|\n", before)[-1]
