"""This file is where the product happens: retrieve → ask the model → cite."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.abstaining import abstain
from rag.citations import cite, settled
from rag.domain import Question
from rag.errors import GenerationError
from rag.extractive import quote_passages
from rag.prompt import INSTRUCTIONS, NOT_IN_DOCS, build_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from rag.domain import Answer, Passage
    from rag.protocols import ChatModel, Retriever
    from rag.rewriting import Rewriter

logger = logging.getLogger(__name__)


async def _unheard(_: str) -> None:
    """Take the place of a listener where nobody wants the text as it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Answers questions from `passages` passages; without a model it quotes them."""

    retriever: Retriever
    model: ChatModel | None
    passages: int
    rewriter: Rewriter | None = None

    async def answer(self, question: Question, *, on_text: Callable[[str], Awaitable[None]] = _unheard) -> Answer:
        """Return the answer; `on_text` hears the model's words as they come, without false marks.

        What it has not heard when the answer is there, such as a tail or an abstention, stands in the answer alone.
        Raise RetrievalError when nothing can be searched. A model that fails is not an error: the answer is then
        extractive and its notice says why.
        """
        found = await self.retriever.search(await self._sought(question), limit=self.passages)
        if found.off_topic:
            return abstain(found.off_topic, found.passages)
        answer = await self._write(question, found.passages, on_text)
        return replace(answer, notice=" ".join(filter(None, (answer.notice, found.notice))))

    async def _sought(self, question: Question) -> Question:
        """Return what is searched for: a follow-up or a foreign question in the rewriter's words, where it has some."""
        text = await self.rewriter.stand_alone(question) if self.rewriter else ""
        return Question(text=text) if text else question

    async def _write(
        self, question: Question, passages: Sequence[Passage], on_text: Callable[[str], Awaitable[None]]
    ) -> Answer:
        if self.model is None:
            notice = "No language model is set up, so these are the passages themselves."
            return quote_passages(passages, question=question.text, notice=notice)
        reply = self.model.stream(INSTRUCTIONS, build_message(question, passages))
        try:
            text = await _listen(reply, on_text, passages)
        except GenerationError as error:
            logger.warning("The answer is extractive: %s", error)
            notice = f"{error.message} These are the passages themselves."
            return quote_passages(passages, question=question.text, notice=notice)
        return cite(text, passages)


async def _listen(
    reply: AsyncIterator[str], on_text: Callable[[str], Awaitable[None]], passages: Sequence[Passage]
) -> str:
    """Return the whole reply; pass on what is certain of it, but never the mark that the docs do not hold it."""
    text, heard = "", 0
    async for piece in reply:
        text += piece
        certain = "" if _may_be_mark(text) else settled(text, passages)
        if len(certain) > heard:
            await on_text(certain[heard:])
            heard = len(certain)
    if not text.strip():
        message = "The language model sent an empty reply."
        raise GenerationError(message)
    return text


def _may_be_mark(text: str) -> bool:
    return NOT_IN_DOCS.startswith(text.lstrip()[: len(NOT_IN_DOCS)])
