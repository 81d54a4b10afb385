"""This file is where the answerer is asked, while the thread watches and may stop it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING

from rag import Answer, Notice, Trace, cite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.posting.status import Progress
    from bot.posting.streaming import LiveReply
    from bot.text.wording import Wording
    from rag import Answerer, Passage, Question


PAGE_CHARACTERS = 60


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One attempt at an answer. Nobody watches where there is no `live` reply; `stop` is set when it is to end."""

    answerer: Answerer
    live: LiveReply | None
    progress: Progress | None
    stop: asyncio.Event
    words: Wording
    passages: Sequence[Passage] = field(default_factory=tuple)

    async def answer(self, question: Question) -> Answer | None:
        """Return the answer, or what was said of it until it was stopped; None where that is nothing."""
        hears = {"on_text": self.live.hear} if self.live else {}
        working = asyncio.create_task(self.answerer.answer(question, on_passages=self._read, **hears))
        stopping = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else self._said()
        finally:
            stopping.cancel()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)  # the model is hung up on
            if self.live:
                await self.live.end()

    async def _read(self, passages: Sequence[Passage]) -> None:
        self.passages = passages
        if self.progress and passages:
            page = shorten(passages[0].title, PAGE_CHARACTERS, placeholder="…")
            self.progress.show(self.words.reading.format(page=page))

    def _said(self) -> Answer | None:
        if not self.live or not self.live.heard.strip():
            return None
        said = cite(self.live.heard, self.passages)
        model = self.answerer.model.name if self.answerer.model else ""
        return Answer(
            text=said.text,
            citations=() if said.notices else said.citations,  # without marks it rests on nothing yet
            kind=said.kind,
            notices=(Notice(kind="stopped", text="Stopped here."),),
            trace=Trace(passages=tuple(self.passages), model=model),
        )
