"""Generation: the answerer is asked, while the thread watches and may stop it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING

from rag import Answer, Notice, Trace, cite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.posting.status import StatusIndicator
    from bot.posting.streaming import StreamingMessage
    from bot.text.wording import Wording
    from rag import Answerer, Passage, Question

PAGE_CHARACTERS = 60


@dataclass(slots=True, kw_only=True)
class StoppableGeneration:
    """One answer in the making. Nobody watches where nothing is `streaming`; `stop` is set when it is to end."""

    answerer: Answerer
    streaming: StreamingMessage | None
    status: StatusIndicator | None
    stop: asyncio.Event
    words: Wording
    passages: Sequence[Passage] = field(default_factory=tuple)

    async def answer(self, question: Question) -> Answer | None:
        """Return the answer, or what was said of it until it was stopped; None where that is nothing."""
        listener = {"on_text": self.streaming.append} if self.streaming else {}
        answering = self.answerer.answer(
            question, on_passages=self._on_passages, on_thinking=self._on_thinking, **listener
        )
        working = asyncio.create_task(answering)
        stopping = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else self._unfinished()
        finally:
            stopping.cancel()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)  # the model is hung up on
            if self.streaming:
                await self.streaming.end()

    async def _on_passages(self, passages: Sequence[Passage]) -> None:
        self.passages = passages
        if self.status and passages:
            page = shorten(passages[0].title, PAGE_CHARACTERS, placeholder="…")
            self.status.show(self.words.reading.format(page=page))

    async def _on_thinking(self) -> None:
        if self.status:
            self.status.show(self.words.thinking)

    def _unfinished(self) -> Answer | None:
        if not self.streaming or not self.streaming.received.strip():
            return None
        said = cite(self.streaming.received, self.passages, most=self.answerer.passages)
        model = self.answerer.model.name if self.answerer.model else ""
        return Answer(
            text=said.text,
            citations=() if said.notices else said.citations,  # without marks it rests on nothing yet
            kind=said.kind,
            notices=(Notice(kind="stopped", text="Stopped here."),),
            trace=Trace(passages=tuple(self.passages), model=model),
        )
