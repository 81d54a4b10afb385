"""`milvusfaq ask` and `milvusfaq search`: answers and passages as a terminal shows them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rag import Answer, Answerer, Question
from rag.settings import RagSettings
from rag.wiring import open_answerer

if TYPE_CHECKING:
    from rich.console import Console

    from rag import Citation, Passage


async def ask_aloud(out: Console, text: str, *, aloud: bool) -> Answer:
    """Answer a question, printed as it grows where it is wanted aloud."""
    streamed: list[str] = []

    async def print_piece(piece: str) -> None:
        streamed.append(piece)
        out.print(piece, end="", markup=False)

    def on_a_fresh_line(_: logging.LogRecord) -> bool:
        if streamed:
            out.print()
        return True

    logging.getLogger(Answerer.__module__).addFilter(on_a_fresh_line)
    async with open_answerer(RagSettings()) as answerer:
        if not aloud:
            return await answerer.answer(Question(text=text))
        answer = await answerer.answer(Question(text=text), on_text=print_piece)
    _print_rest(out, answer, "".join(streamed))
    return answer


def _print_rest(out: Console, answer: Answer, streamed: str) -> None:
    """Print what the stream has not: its last words, or another answer where it failed; then the citations."""
    if answer.text.startswith(streamed.strip()):
        out.print(answer.text[len(streamed.lstrip()) :], markup=False)
    else:
        out.print(f"\n{answer.notice}\n", style="yellow", markup=False)
        out.print(answer.text, markup=False)
    if answer.notice and not streamed:
        out.print(f"\n{answer.notice}", style="yellow", markup=False)
    if answer.kind == "abstained" and answer.citations:
        out.print("\nThe nearest pages:", style="bold")
    for citation in answer.citations:
        passage = citation.passage
        out.print(f"\n[{citation.number}] {place_line(passage)}", style="bold", markup=False)
        if passage.url:
            out.print(f"    {passage.url}", style="blue", markup=False)
        out.print(f"    “{' '.join(citation.snippet.split())}”", style="dim", markup=False)


def citation_row(citation: Citation) -> dict[str, object]:
    """Return a citation as a JSON object."""
    score = round(citation.passage.score, 4)
    return {"number": citation.number, **place(citation.passage), "snippet": citation.snippet, "score": score}


def place(passage: Passage) -> dict[str, str]:
    """Return where a passage stands, as a JSON object."""
    return {"title": passage.title, "heading": passage.heading, "url": passage.url, "version": passage.version}


def place_line(passage: Passage) -> str:
    """Return where a passage stands, in one line."""
    return f"{passage.label} ({passage.edition})" if passage.edition else passage.label
