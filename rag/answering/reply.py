"""The model's reply: taken in as it comes, shown as far as it is certain, and made an answer when it has ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rag.answering.citations import NEAREST_PAGES, UNMARKED, cite, whole_passages
from rag.answering.prompt import PROMPT_VERSION
from rag.answering.reply_forms import certain, loop_begins, repeats_instructions, split_at_mark, told
from rag.domain import Answer, Discard, Notice, Thinking, Trace, Usage, WrittenBy
from rag.errors import GenerationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.checking.settling import Settler, Statement
    from rag.domain import Passage, Piece

    Vectors = npt.NDArray[np.float32]

SMALLEST_STEP = 8
"""Characters between two looks at what is certain; a long reply is looked at in longer steps."""
LONGEST_REPLY = 40_000
"""Characters; LLM_MAX_TOKENS is the model's to keep, and some do not."""
LOOP_STEP, LOOKED_BACK = 48, 4_000
"""Characters between two looks for a loop, and in which it is looked for."""
INSTRUCTION_RUN = 200
"""Characters that so many words as tell the instructions may take: they may begin before the last look."""
MOST_WEIGHED = 8
"""Statements of one reply that are embedded: about 6 ms each; what comes behind them counts as held."""
MOST_TOLD, LONGEST_TOLD = 5, 90
"""How many values or statements a notice names, and how many characters of a statement."""
LOOPED = Notice(kind="model looped", text="The model began to repeat itself and was stopped there.")
SOURCES_FOUND = Notice(kind="sources found", text="The model marked no source; I looked up which passages hold it.")


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to know how a reply comes about: its words as they come, and that the model reasons before them.

    It may cite `most_cited` passages.
    """

    on_text: Callable[[str], Awaitable[None]]
    on_thinking: Callable[[], Awaitable[None]]
    most_cited: int


class UnusableReplyError(GenerationError):
    """The model has answered, and nothing of it can be shown."""


@dataclass(slots=True, kw_only=True)
class Reply:
    """What the model has said so far; what is certain of it is passed on, checked statement by statement."""

    passages: Sequence[Passage]
    listener: Listener
    model: str
    settle: Callable[[], Settler]
    encode: Callable[[list[str]], Awaitable[Sequence[Vectors]]] | None = None
    text: str = ""
    sent: int = 0
    next_check: int = 0
    next_loop_check: int = 0
    looked_at: int = 0
    usage: Usage | None = None
    notices: tuple[Notice, ...] = ()
    begun: float = field(default_factory=time.monotonic)
    first_text_s: float = 0.0
    is_thinking: bool = False
    is_silent: bool = False
    """Whether nothing more is passed on."""
    is_looped: bool = False
    settler: Settler = field(init=False)
    weighing: list[tuple[Statement, asyncio.Task[Sequence[Vectors]]]] = field(default_factory=list)
    """Statements that words leave open, and their vectors, which are made while the model goes on."""
    is_prepared: bool = False
    """Whether the settler is there: what it needs of the passages is made while the model thinks."""

    async def receive(self, pieces: AsyncIterator[Piece]) -> None:
        """Take in the whole reply; raise GenerationError for one that is empty, or has no end."""
        preparing = asyncio.create_task(asyncio.to_thread(self.settle))
        try:
            async for piece in pieces:
                if isinstance(piece, str) and not self.is_prepared:
                    self.settler, self.is_prepared = await preparing, True
                await self._on_piece(piece)
                if self.is_looped:
                    break
        except BaseException:
            self._stop_weighing()
            raise
        finally:
            preparing.cancel()
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        if not self.text.strip():
            message = "The language model sent an empty reply."
            raise GenerationError(message)

    async def _on_piece(self, piece: Piece) -> None:
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

    def _discard(self) -> None:
        """Begin anew: what was passed on already is replaced when the answer is whole."""
        self.text, self.next_check, self.next_loop_check, self.looked_at = "", 0, 0, 0
        self._stop_weighing()
        if self.is_prepared:
            self.settler = self.settle()
        self.is_silent = self.sent > 0

    async def _on_thinking(self) -> None:
        if not self.is_thinking:
            self.is_thinking = True
            await self.listener.on_thinking()

    async def _on_words(self, piece: str) -> None:
        self.first_text_s = self.first_text_s or time.monotonic() - self.begun
        self.text += piece
        if len(self.text) > LONGEST_REPLY:
            message = "The language model did not come to an end."
            raise GenerationError(message)
        if len(self.text) >= self.next_loop_check:
            self.next_loop_check = len(self.text) + LOOP_STEP
            self._look_for_loop()
        if self.is_silent or self.is_looped or len(self.text) < self.next_check:
            return
        since, self.looked_at = max(0, self.looked_at - INSTRUCTION_RUN), len(self.text)
        self.next_check = len(self.text) + max(SMALLEST_STEP, len(self.text) // 50)
        if repeats_instructions(self.text[since:]):
            self.is_silent = True  # what was passed on already is replaced when the reply has ended
            return
        shown = self.settler.show(certain(self.text))
        self._weigh()
        if len(shown) > self.sent:
            await self.listener.on_text(shown[self.sent :])
            self.sent = len(shown)

    def _weigh(self) -> None:
        """Begin to make the vectors of what words have left open since."""
        for statement in self.settler.open()[len(self.weighing) : MOST_WEIGHED]:
            if self.encode:
                self.weighing.append((statement, asyncio.ensure_future(self.encode([statement.words]))))

    def _stop_weighing(self) -> None:
        for _, vector in self.weighing:
            vector.cancel()
        self.weighing = []

    async def decide(self, rows: Sequence[Vectors | None]) -> None:
        """Tell by vectors whether a passage holds what no words do; `rows` are those of the passages' parts."""
        from rag.checking.grounding import means_nothing  # noqa: PLC0415 - numpy and fastText: `import rag` stays light

        self._weigh()
        undecided = self.settler.open()
        vectors = {id(statement): (await vector)[0] for statement, vector in self.weighing}
        for statement in undecided:
            vector = vectors.get(id(statement))
            is_unsupported = vector is not None and means_nothing(statement, vector, rows)
            self.settler.decide(statement, is_unsupported=is_unsupported)

    def _look_for_loop(self) -> None:
        before = max(0, len(self.text) - LOOKED_BACK)
        begin = loop_begins(self.text[before:])
        if begin is not None:
            self.text, self.is_looped = self.text[: before + begin], True
            self._stop_weighing()
            self.settler = self.settle()  # the rounds that it has settled go
            self.notices += (LOOPED,)

    def finish(self) -> tuple[str, str] | None:
        """Settle the reply; return what stands before and behind the mark that the docs lack it, if it is there.

        Raise UnusableReplyError where nothing is left that could be shown.
        """
        text = told(self.text)
        parts = split_at_mark(text)
        self.settler.finish(parts[0] if parts else text)
        claims = parts or self.settler.statements or text.endswith(("?", "\uff1f"))
        if repeats_instructions(self.text) or not claims:
            message = "The language model's reply could not be used."
            raise UnusableReplyError(message, kind="reply unusable")
        return parts

    def answer(self, parts: tuple[str, str] | None) -> Answer:
        """Return the settled reply as an answer; raise UnusableReplyError where all of it is wrong or unheld."""
        statements = self.settler.statements
        is_held = any(one.is_held for one in statements)
        if parts and not any(one.is_held and one.marked for one in statements):
            return Answer(
                text=parts[1] or parts[0], citations=whole_passages(self.passages[:NEAREST_PAGES]), kind="abstained"
            )
        if not is_held and any(one.wrong for one in statements):
            message = "What the language model said stands in no passage."
            raise UnusableReplyError(message, kind="not held")
        answer = cite(self.settler.text(), self.passages, most=self.listener.most_cited)
        found = (SOURCES_FOUND,) if not self.settler.model_marked and UNMARKED not in answer.notices else ()
        return replace(answer, notices=(*answer.notices, *found, *self._remarks(), *_missing_part(parts)))

    def _remarks(self) -> tuple[Notice, ...]:
        statements = self.settler.statements
        wrong = list(dict.fromkeys(piece for one in statements for piece in one.wrong))
        unsupported = [f"“{_shortened(one.words)}”" for one in statements if one.verdict.is_unsupported]
        remarks = []
        if wrong:
            values = ", ".join(f"`{piece}`" for piece in wrong[:MOST_TOLD])
            text = f"⚠️ No passage holds {values}: check before you rely on it."
            remarks.append(Notice(kind="values missing", text=text, values={"values": values}))
        if unsupported:
            said = ", ".join(unsupported[:MOST_TOLD])
            text = f"I found no passage that says {said}."
            remarks.append(Notice(kind="unsupported", text=text, values={"statements": said}))
        return tuple(remarks)

    def trace(self) -> Trace:
        """Return how the reply came about."""
        statements = self.settler.statements
        return Trace(
            model=self.model,
            prompt=PROMPT_VERSION,
            usage=self.usage,
            statements=len(statements),
            remarked=sum(bool(one.wrong) or bool(one.verdict.is_unsupported) for one in statements),
            first_text_s=self.first_text_s,
            model_s=time.monotonic() - self.begun,
        )


def _missing_part(parts: tuple[str, str] | None) -> tuple[Notice, ...]:
    if not parts:
        return ()
    part = parts[1] or "…"
    return (Notice(kind="part missing", text=f"The docs do not hold a part of this: {part}", values={"part": part}),)


def _shortened(words: str) -> str:
    plain = " ".join(words.strip("-*• \n").split())
    return plain if len(plain) <= LONGEST_TOLD else f"{plain[:LONGEST_TOLD].rstrip()}…"
