"""Extractive answers: made of the passages alone, for when there is no model or it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.answering.citations import snippet
from rag.domain import Answer, Citation
from rag.text.splitting import split_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.domain import Notice, Passage


QUOTED_PASSAGES = 3
QUOTE_CHARACTERS = 900


def quote_passages(passages: Sequence[Passage], *, question: str, notice: Notice) -> Answer:
    """Return the best passages as quotations with their marks; a long one ends at a paragraph, with an ellipsis."""
    best = passages[:QUOTED_PASSAGES]
    return Answer(
        text="\n\n".join(_quotation(number, passage) for number, passage in enumerate(best, start=1)),
        citations=tuple(
            Citation(number=number, passage=passage, snippet=snippet(passage.text, near=question))
            for number, passage in enumerate(best, start=1)
        ),
        kind="extractive",
        notices=(notice,),
    )


def _quotation(number: int, passage: Passage) -> str:
    first, *rest = split_markdown(passage.text, QUOTE_CHARACTERS)
    lines = [f"**{passage.label}** [{number}]", "", *first.splitlines(), *(["", "…"] if rest else [])]
    return "\n".join(f"> {line}".rstrip() for line in lines)
