"""The answerer: retrieve → ask the model → cite."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from rag.answering.abstaining import abstain
from rag.answering.extractive import quote_passages
from rag.answering.prompt import INSTRUCTIONS, build_message
from rag.answering.reply import Listener, Reply, UnusableReplyError
from rag.domain import Hearing, Notice, Question, Rewording, Trace
from rag.errors import ContextTooLongError, GenerationError
from rag.query.post import shorten_post
from rag.tracing import RETRIEVE, traced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.answering.rewriting import Rewriter
    from rag.domain import Answer, Docs, Passage, Retrieved
    from rag.health import Health
    from rag.protocols import ChatModel, Hearer, Retriever

    Vectors = npt.NDArray[np.float32]

logger = logging.getLogger(__name__)


MORE = 2
"""How many times as many passages a longer answer rests on."""
NO_MODEL = Notice(kind="no model", text="No language model is set up, so these are the passages themselves.")
SHORTENED = Notice(
    kind="shortened", text="The post is long: its first lines, its questions and its error lines were answered."
)


async def _ignore(*_: object) -> None:
    """Take the place of a listener where nobody wants to know how it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Answers questions from passages; without a model it quotes them.

    `passages` is how many an answer shows at most, `reads` how many the model reads. `encode` gives the vectors of
    statements that no passage's words hold, of the model that the passages were embedded with; without it they count
    as held.
    """

    retriever: Retriever
    model: ChatModel | None
    passages: int
    reads: int = 10
    rewriter: Rewriter | None = None
    hearer: Hearer | None = None
    encode: Callable[[list[str]], Awaitable[Sequence[Vectors]]] | None = None

    async def answer(
        self,
        question: Question,
        *,
        on_passages: Callable[[Sequence[Passage]], Awaitable[None]] = _ignore,
        on_thinking: Callable[[], Awaitable[None]] = _ignore,
        on_text: Callable[[str], Awaitable[None]] = _ignore,
        without_model: Notice | None = None,
    ) -> Answer:
        """Return the answer; `on_text` gets the model's words as they come, without false marks.

        What it has not got when the answer is there, such as a tail or an abstention, stands in the answer alone.
        `on_passages` is told what the model is about to read, `on_thinking` when it reasons before it answers.
        `without_model` is why the model is not to be asked: the passages are quoted, with this notice.
        Raise RetrievalError when nothing can be searched. A model that fails is not an error: the answer is then
        extractive and its notice says why.
        """
        begun = time.monotonic()
        whole, question = question, replace(question, text=shorten_post(question.text))
        shown = self.passages * (MORE if question.style == "longer" else 1)
        limit = max(shown, self.reads)
        found, rewording = await self._search(question, limit, rewriter=None if without_model else self.rewriter)
        search_s = time.monotonic() - begun
        trace = Trace(passages=found.passages[:shown], search_s=search_s, rewording=rewording)
        if found.off_topic:
            return replace(abstain(found.off_topic, found.passages), trace=trace)
        reading = (*found.passages[: limit - len(found.neighbours)], *found.neighbours)
        await on_passages(reading)
        if without_model or self.model is None:
            answer = quote_passages(reading, question=question.text, notice=without_model or NO_MODEL)
        else:
            listener = Listener(on_text, on_thinking, shown)
            answer = await self._write(self.model, question, reading, found.vectors, listener)
        trace = replace(answer.trace, passages=reading, search_s=search_s, rewording=rewording)
        shortened = () if question.text == whole.text else (SHORTENED,)
        return replace(answer, notices=(*answer.notices, *found.notices, *shortened), trace=trace)

    @property
    def model_name(self) -> str:
        """The language model's name; "" where there is none."""
        return self.model.name if self.model else ""

    async def hear(self, text: str, *, ask_model: bool = True) -> Hearing:
        """Return what a post wants that is addressed to nobody; without a hearer, an answer."""
        if self.hearer is None:
            return Hearing(wants="answer", likelihood=1.0, told_by="form")
        return await self.hearer.hear(text, ask_model=ask_model)

    def docs(self) -> Docs | None:
        """Return what there is to answer from; None while that can't be looked into."""
        return self.retriever.docs()

    def health(self) -> Health:
        """Return how what answering stands on does."""
        return replace(self.retriever.health(), models=self.model.health() if self.model else ())

    async def _search(
        self, question: Question, limit: int, *, rewriter: Rewriter | None
    ) -> tuple[Retrieved, Rewording]:
        """Search for a question, and beside it for what the rewriter makes of it meanwhile, if anything."""
        if not rewriter:
            return await traced(RETRIEVE, self.retriever.search(question, limit=limit)), Rewording()
        rewriting = asyncio.create_task(rewriter.rewrite(question))
        text = asyncio.create_task(_text_of(rewriting))
        try:
            searching = self.retriever.search(question, limit=limit, reworded=text)
            found = await traced(RETRIEVE, searching)
            return found, await rewriting
        finally:
            text.cancel()
            rewriting.cancel()

    async def _write(
        self,
        model: ChatModel,
        question: Question,
        passages: Sequence[Passage],
        vectors: Mapping[str, Vectors],
        listener: Listener,
    ) -> Answer:
        try:
            return await self._ask(model, question, passages, vectors, listener)
        except GenerationError as error:
            return _quoted(error, question, passages)

    async def _ask(
        self,
        model: ChatModel,
        question: Question,
        passages: Sequence[Passage],
        vectors: Mapping[str, Vectors],
        listener: Listener,
    ) -> Answer:
        """Return the model's answer, from less where all of it is too long for the model."""
        from rag.checking.grounding import make_settler  # noqa: PLC0415 - numpy and fastText: `import rag` stays light

        settle = partial(make_settler, question, passages, most=listener.most_cited)
        reply = Reply(passages=passages, listener=listener, model=model.name, settle=settle, encode=self.encode)
        try:
            await reply.receive(model.stream(INSTRUCTIONS, build_message(question, passages)))
        except ContextTooLongError as error:
            shorter = _shorter(question, passages)
            if not shorter:
                raise
            logger.info("The model is asked with less: %s", error.message)
            return await self._ask(model, *shorter, vectors, listener)
        try:
            parts = reply.finish()
            await reply.decide([vectors.get(passage.id) for passage in passages])
            answer = reply.answer(parts)
        except UnusableReplyError as error:  # it was paid for: its tokens and times are kept
            return replace(_quoted(error, question, passages), trace=reply.trace())
        return replace(answer, notices=(*answer.notices, *reply.notices), trace=reply.trace())


async def _text_of(rewriting: asyncio.Task[Rewording]) -> str:
    return (await rewriting).text


def _quoted(error: GenerationError, question: Question, passages: Sequence[Passage]) -> Answer:
    logger.warning("The answer is extractive: %s", error)
    notice = Notice(kind=error.kind, text=f"{error.message} These are the passages themselves.")
    return quote_passages(passages, question=question.text, notice=notice)


def _shorter(question: Question, passages: Sequence[Passage]) -> tuple[Question, Sequence[Passage]] | None:
    """Return less to ask with: the later half of the conversation, then the better half of the passages."""
    if question.history:
        return replace(question, history=question.history[(len(question.history) + 1) // 2 :]), passages
    return (question, passages[: len(passages) // 2]) if len(passages) > 1 else None
