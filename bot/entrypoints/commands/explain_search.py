"""`milvusfaq explain`, the search: what a question is searched by, whether it is turned away, and what is found."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rag import Message, Question, RagError
from rag.backends.milvus_lite import is_lite, is_open_elsewhere, newest_copy, temporary_copy
from rag.wiring import open_retriever, open_rewriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rag.retrieval.retriever import HybridRetriever
    from rag.settings import RagSettings

DEPTH = 10


@contextmanager
def open_beside(settings: RagSettings) -> Iterator[HybridRetriever]:
    """Open the retriever beside a running bot: of a Milvus Lite folder that is open elsewhere, a copy."""
    uri = newest_copy(settings.milvus_uri) if is_lite(settings.milvus_uri) else settings.milvus_uri
    if not is_lite(uri) or not is_open_elsewhere(uri):
        with open_retriever(settings) as retriever:
            yield retriever
        return
    with (
        temporary_copy(settings.milvus_uri) as copy,
        open_retriever(settings.model_copy(update={"milvus_uri": copy})) as retriever,
    ):
        yield retriever


def explain_searches(
    settings: RagSettings, rows: Sequence[Mapping[str, Any]], *, with_model: bool
) -> list[dict[str, Any]]:
    """Return for each row's text, behind its context, how it is searched; a model words it anew only if asked for."""
    questions = [Question(text=row["text"], history=tuple(map(_turn, row["context"]))) for row in rows]
    reworded = asyncio.run(_reworded(settings, questions)) if with_model else [""] * len(questions)
    with open_beside(settings) as retriever:
        return [
            _explained(retriever, question, text) if question.text.strip() else NOTHING
            for question, text in zip(questions, reworded, strict=True)
        ]


NOTHING: dict[str, Any] = {"off_topic": None, "language": "", "versions": [], "query": "", "parts": [], "passages": []}


async def _reworded(settings: RagSettings, questions: Sequence[Question]) -> list[str]:
    async with open_rewriter(settings) as rewriter:
        if rewriter is None:
            raise RagError("--model needs a language model.", hint="Set LEPTONAI_TOKEN.")
        return [(await rewriter.rewrite(question)).text for question in questions]


def _explained(retriever: HybridRetriever, question: Question, reworded: str) -> dict[str, Any]:
    explained = retriever.explain(question, limit=DEPTH, reworded=reworded)
    passages = [
        {"path": passage.path, "heading": passage.heading, "score": round(passage.score, 4)}
        for passage in explained.retrieved.passages
    ]
    return {
        "off_topic": explained.retrieved.off_topic,
        "language": explained.language,
        "versions": list(explained.versions),
        "query": explained.queries[0],
        "parts": list(explained.queries[1:]),
        "passages": passages,
    }


def _turn(shown: str) -> Message:
    role, _, text = shown.partition(": ")
    return Message(role="assistant" if role == "assistant" else "user", text=text)
