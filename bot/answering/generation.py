"""Generation: an attempt at an answer; the answerer is asked, while the thread watches and may stop it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING

from bot.answering.endings import Published
from bot.telemetry import FIRST_TEXT_SECONDS, STATUS_SECONDS
from rag import Answer, Notice, Trace, cite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.answering.endings import Ending
    from bot.ledger import Entry, Ledger, Outcome
    from bot.posting.status import StatusIndicator
    from bot.posting.streaming import StreamingMessage
    from bot.text.wording import Wording
    from rag import Answerer, Passage, Question

PAGE_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class StreamNotes:
    """Notes in the ledger in which message an answer grows."""

    ledger: Ledger
    attempt: RunningAttempt

    async def starting(self) -> None:
        """Note that a message is about to be begun."""
        await self.ledger.questions.record_starting_stream(self.attempt.entry)

    async def stands(self, ts: str) -> None:
        """Note the message; "" for none."""
        if ts:
            self.attempt.on_first_text()
        await self.ledger.questions.record_stream(self.attempt.entry, ts)


@dataclass(slots=True)
class RunningAttempt:
    """What is known of an attempt so far; `status` and `streaming` are None where nobody watches."""

    entry: Entry
    stop: asyncio.Event
    words: Wording
    status: StatusIndicator | None = None
    streaming: StreamingMessage | None = None
    begun: float = field(default_factory=time.monotonic)
    waited_s: float = field(init=False)
    """How long the question had waited when the attempt began."""
    has_text: bool = False

    def __post_init__(self) -> None:
        """Keep when the question was accepted: the entry that is renewed tells another age."""
        self.waited_s = self.entry.age_s

    @property
    def age_s(self) -> float:
        """Seconds since the question was accepted."""
        return self.waited_s + time.monotonic() - self.begun

    def on_status(self) -> None:
        """Note that the asker sees that an answer is being made."""
        STATUS_SECONDS.observe(self.age_s)

    def on_first_text(self) -> None:
        """Note that the asker sees the first words of the answer."""
        if not self.has_text:
            self.has_text = True
            FIRST_TEXT_SECONDS.observe(self.age_s)

    async def end(self, ending: Ending) -> None:
        """Take away what shows that an answer is being made."""
        if self.status:
            is_new = bool(self.streaming and self.streaming.ts) or not stands_before(self.entry)
            was_posted = isinstance(ending, Published) and is_new
            session_ended = bool(self.streaming and self.streaming.has_ended_session)
            await self.status.end(session_ended=session_ended, was_posted=was_posted)


def stands_before(entry: Entry) -> bool:
    """Tell whether messages stand in Slack already that the answer is to replace."""
    return bool(entry.to_replace) or entry.has_unknown_stream


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer that is on disk, and not posted yet."""

    entry: Entry
    outcome: Outcome


@dataclass(slots=True, kw_only=True)
class StoppableGeneration:
    """One answer in the making. Nobody watches where nothing is `streaming`; `stop` is set when it is to end."""

    answerer: Answerer
    streaming: StreamingMessage | None
    status: StatusIndicator | None
    stop: asyncio.Event
    words: Wording
    without_model: Notice | None = None
    """Why the language model is not to be asked."""
    passages: Sequence[Passage] = field(default_factory=tuple)

    async def answer(self, question: Question) -> Answer | None:
        """Return the answer, or what was said of it until it was stopped; None where that is nothing."""
        listener = {"on_text": self.streaming.append} if self.streaming else {}
        answering = self.answerer.answer(
            question,
            on_passages=self._on_passages,
            on_thinking=self._on_thinking,
            without_model=self.without_model,
            **listener,
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
        model = self.answerer.model_name
        return Answer(
            text=said.text,
            citations=() if said.notices else said.citations,  # without marks it rests on nothing yet
            kind=said.kind,
            notices=(Notice(kind="stopped", text="Stopped here."),),
            trace=Trace(passages=tuple(self.passages), model=model),
        )
