"""Citations: each mark of an answer stands for a passage, with a verbatim snippet of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.checking.marks import marks
from rag.domain import Answer, Citation, Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.domain import Passage


SNIPPET_CHARACTERS = 240
NEAREST_PAGES = 3
UNMARKED = Notice(kind="unmarked", text="The model marked no source; these are the passages that it was given.")
_SENTENCE = re.compile(r"[^\s](?:[^\n.!?。！？]|[.!?](?!\s))*[.!?。！？]?")  # noqa: RUF001 - Chinese full stops on purpose
_WORD = re.compile(r"\w{3,}")


def cite(text: str, passages: Sequence[Passage], *, most: int = 100) -> Answer:
    """Return a settled text as an answer with its citations; without any mark, with `most` of the passages."""
    used = sorted({number for number, _ in marks(text) if 1 <= number <= len(passages)})
    if not used:
        return Answer(text=text, citations=whole_passages(passages[:most], text), kind="grounded", notices=(UNMARKED,))
    citations = tuple(
        Citation(
            number=number, passage=passages[number - 1], snippet=snippet(passages[number - 1].text, near=statements)
        )
        for number in used
        for statements in [" ".join(_sentence_before(text, end) for marked, end in marks(text) if marked == number)]
    )
    return Answer(text=text, citations=citations, kind="grounded")


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


def whole_passages(passages: Sequence[Passage], near: str = "") -> tuple[Citation, ...]:
    """Return a citation for each passage, with the sentences nearest to these words."""
    return tuple(
        Citation(number=number, passage=passage, snippet=snippet(passage.text, near=near))
        for number, passage in enumerate(passages, start=1)
    )


def _sentence_before(text: str, end: int) -> str:
    """Return the sentence that a mark at `end` closes, marks between them passed over."""
    before = re.sub(r"(?:\s|\[\d+\]|[.!?])+$", "", text[:end])
    return re.split(r"(?<=[.!?])\s|\n", before)[-1]
