"""The answerer: retrieve → ask the model → cite."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rag.answering.abstaining import abstain
from rag.answering.citations import cite, stable_prefix
from rag.answering.extractive import quote_passages
from rag.answering.leaks import repeats_instructions
from rag.answering.prompt import INSTRUCTIONS, NOT_IN_DOCS, PROMPT_VERSION, build_message
from rag.domain import Discard, Hearing, Notice, Question, Thinking, Trace, Usage, WrittenBy
from rag.errors import ContextTooLongError, GenerationError
from rag.query.post import shorten_post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from rag.answering.rewriting import Rewriter
    from rag.domain import Answer, Docs, Passage, Piece, Retrieved
    from rag.protocols import ChatModel, Hearer, Retriever

logger = logging.getLogger(__name__)


SMALLEST_STEP = 8
"""Characters between two looks at what is certain; a long reply is looked at in longer steps: each look is at all."""
MORE = 2
"""How many times as many passages a longer answer rests on."""
SHORTENED = Notice(
    kind="shortened", text="The post is long: its first lines, its questions and its error lines were answered."
)
LONGEST_REPLY = 40_000
"""Characters; LLM_MAX_TOKENS is the model's to keep, and some do not."""


async def _ignore(*_: object) -> None:
    """Take the place of a listener where nobody wants to know how it goes."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to know how a reply comes about: its words as they come, and that the model reasons before them.

    It may cite `most_cited` passages.
    """

    on_text: Callable[[str], Awaitable[None]]
    on_thinking: Callable[[], Awaitable[None]]
    most_cited: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Answers questions from passages; without a model it quotes them.

    `passages` is how many an answer shows at most, `reads` how many the model reads.
    """

    retriever: Retriever
    model: ChatModel | None
    passages: int
    reads: int = 10
    rewriter: Rewriter | None = None
    hearer: Hearer | None = None

    async def answer(
        self,
        question: Question,
        *,
        on_passages: Callable[[Sequence[Passage]], Awaitable[None]] = _ignore,
        on_thinking: Callable[[], Awaitable[None]] = _ignore,
        on_text: Callable[[str], Awaitable[None]] = _ignore,
    ) -> Answer:
        """Return the answer; `on_text` gets the model's words as they come, without false marks.

        What it has not got when the answer is there, such as a tail or an abstention, stands in the answer alone.
        `on_passages` is told what the model is about to read, `on_thinking` when it reasons before it answers.
        Raise RetrievalError when nothing can be searched. A model that fails is not an error: the answer is then
        extractive and its notice says why.
        """
        begun = time.monotonic()
        whole, question = question, replace(question, text=shorten_post(question.text))
        shown = self.passages * (MORE if question.style == "longer" else 1)
        limit = max(shown, self.reads)
        found = await self._search(question, limit)
        trace = Trace(passages=found.passages[:shown], search_s=time.monotonic() - begun)
        if found.off_topic:
            return replace(abstain(found.off_topic, found.passages), trace=trace)
        reading = (*found.passages[: limit - len(found.neighbours)], *found.neighbours)
        await on_passages(reading)
        answer = await self._write(question, reading, Listener(on_text, on_thinking, shown))
        trace = replace(answer.trace, passages=reading, search_s=trace.search_s)
        shortened = () if question.text == whole.text else (SHORTENED,)
        return replace(answer, notices=(*answer.notices, *found.notices, *shortened), trace=trace)

    async def hear(self, text: str, *, ask_model: bool = True) -> Hearing:
        """Return what a post wants that is addressed to nobody; without a hearer, an answer."""
        if self.hearer is None:
            return Hearing(wants="answer", likelihood=1.0, told_by="form")
        return await self.hearer.hear(text, ask_model=ask_model)

    def docs(self) -> Docs | None:
        """Return what there is to answer from; None while that can't be looked into."""
        return self.retriever.docs()

    async def _search(self, question: Question, limit: int) -> Retrieved:
        """Search for a question, and beside it for what the rewriter makes of it meanwhile, if anything."""
        if not self.rewriter:
            return await self.retriever.search(question, limit=limit)
        rewriting = asyncio.create_task(self.rewriter.rewrite(question))
        try:
            return await self.retriever.search(question, limit=limit, reworded=rewriting)
        finally:
            rewriting.cancel()

    async def _write(self, question: Question, passages: Sequence[Passage], listener: Listener) -> Answer:
        if self.model is None:
            text = "No language model is set up, so these are the passages themselves."
            notice = Notice(kind="no model", text=text)
            return quote_passages(passages, question=question.text, notice=notice)
        try:
            return await self._ask(self.model, question, passages, listener)
        except GenerationError as error:
            logger.warning("The answer is extractive: %s", error)
            notice = Notice(kind=error.kind, text=f"{error.message} These are the passages themselves.")
            return quote_passages(passages, question=question.text, notice=notice)

    async def _ask(
        self, model: ChatModel, question: Question, passages: Sequence[Passage], listener: Listener
    ) -> Answer:
        """Return the model's answer, from less where all of it is too long for the model."""
        reply = Reply(passages=passages, listener=listener, model=model.name)
        try:
            await reply.receive(model.stream(INSTRUCTIONS, build_message(question, passages)))
        except ContextTooLongError as error:
            shorter = _shorter(question, passages)
            if not shorter:
                raise
            logger.info("The model is asked with less: %s", error.message)
            return await self._ask(model, *shorter, listener)
        if repeats_instructions(reply.text):
            logger.warning("The reply repeats the instructions; it is not shown.")
            return replace(abstain("orders", passages), trace=reply.trace())
        answer = cite(reply.text, passages, most=listener.most_cited)
        return replace(answer, notices=(*answer.notices, *reply.notices), trace=reply.trace())


def _shorter(question: Question, passages: Sequence[Passage]) -> tuple[Question, Sequence[Passage]] | None:
    """Return less to ask with: the later half of the conversation, then the better half of the passages."""
    if question.history:
        return replace(question, history=question.history[(len(question.history) + 1) // 2 :]), passages
    return (question, passages[: len(passages) // 2]) if len(passages) > 1 else None


@dataclass(slots=True, kw_only=True)
class Reply:
    """What the model has said so far; it passes on what is certain of it, but never the mark that the docs lack it."""

    passages: Sequence[Passage]
    listener: Listener
    model: str
    text: str = ""
    sent: int = 0
    next_check: int = 0
    usage: Usage | None = None
    notices: tuple[Notice, ...] = ()
    begun: float = field(default_factory=time.monotonic)
    first_text_s: float = 0.0
    is_thinking: bool = False
    is_silent: bool = False
    """Whether nothing more is passed on."""

    async def receive(self, pieces: AsyncIterator[Piece]) -> None:
        """Take in the whole reply; raise GenerationError for one that is empty, or has no end."""
        async for piece in pieces:
            match piece:
                case str():
                    await self._on_words(piece)
                case Usage():
                    self.usage = piece
                case Discard():
                    self._discard()
                case Thinking():
                    await self._on_thinking()
                case WrittenBy():
                    self.model = piece.model
                case Notice():
                    self.notices += (piece,)
            if len(self.text) > LONGEST_REPLY:
                message = "The language model did not come to an end."
                raise GenerationError(message)
        if not self.text.strip():
            message = "The language model sent an empty reply."
            raise GenerationError(message)

    def _discard(self) -> None:
        """Begin anew: what was passed on already is replaced when the answer is whole."""
        self.text, self.next_check = "", 0
        self.is_silent = self.sent > 0

    async def _on_thinking(self) -> None:
        if not self.is_thinking:
            self.is_thinking = True
            await self.listener.on_thinking()

    async def _on_words(self, piece: str) -> None:
        self.first_text_s = self.first_text_s or time.monotonic() - self.begun
        self.text += piece
        if self.is_silent or len(self.text) < self.next_check or _may_be_mark(self.text):
            return
        self.next_check = len(self.text) + max(SMALLEST_STEP, len(self.text) // 50)
        if repeats_instructions(self.text):
            self.is_silent = True  # what was passed on already is replaced when the reply has ended
            return
        stable = stable_prefix(self.text, self.passages, most=self.listener.most_cited)
        if len(stable) > self.sent:
            await self.listener.on_text(stable[self.sent :])
            self.sent = len(stable)

    def trace(self) -> Trace:
        """Return how the reply came about."""
        lasted = time.monotonic() - self.begun
        return Trace(
            model=self.model, prompt=PROMPT_VERSION, usage=self.usage, first_text_s=self.first_text_s, model_s=lasted
        )


def _may_be_mark(text: str) -> bool:
    return NOT_IN_DOCS.startswith(text.lstrip()[: len(NOT_IN_DOCS)])
