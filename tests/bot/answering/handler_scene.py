"""A handler with fakes around it, on a real ledger."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from bot.answering.admission import TokenBudget
from bot.answering.files import QuestionFiles
from bot.answering.handler import QuestionHandler
from bot.answering.hearing import PostHearing
from bot.ledger import open_ledger
from bot.posting.publishing import AnswerPublisher
from bot.rendering.action_ids import MUTE_ACTION
from bot.slack.rate_limits import SlackRateLimits
from tests.bot.fakes import (
    FakeAdmission,
    FakeCloser,
    FakeConversations,
    FakeDestination,
    FakePersonCaller,
    FakePlacing,
    FakeSlackFiles,
    FakeUsers,
)
from tests.builders import A_QUESTION, BOT
from tests.fakes import FakeAnswerer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.answering.endings import Ending
    from bot.domain import SlackQuestion
    from bot.ledger import Entry, Ledger
    from bot.slack.users import Users


@dataclass
class Scene:
    """A handler with fakes around it, on a real ledger."""

    ledger: Ledger
    handler: QuestionHandler
    entry: Entry
    answerer: FakeAnswerer
    destination: FakeDestination
    closer: FakeCloser
    conversations: FakeConversations
    placing: FakePlacing
    admission: FakeAdmission
    files: FakeSlackFiles
    caller: FakePersonCaller

    async def handle(self, entry: Entry | None = None, *, stopped: bool = False) -> Ending:
        stop = asyncio.Event()
        if stopped:
            stop.set()
        ending = await self.handler.handle(entry or self.entry, stop)
        assert self.closer.endings[-1] is ending, "each attempt that ends is closed"
        return ending

    def actions(self) -> list[str]:
        """Return the actions below the last message."""
        (*_, message) = self.destination.messages.values()
        return [e["action_id"] for block in message.blocks if block["type"] == "actions" for e in block["elements"]]


@asynccontextmanager
async def scene_in(folder: Path, question: SlackQuestion) -> AsyncIterator[Scene]:
    async with open_ledger(f"sqlite:///{folder / 'ledger.sqlite3'}") as ledger:
        entry = await ledger.questions.accept(question)
        assert entry
        destination, answerer, closer, files = FakeDestination(), FakeAnswerer(), FakeCloser(), FakeSlackFiles()
        conversations, placing, admission = FakeConversations(), FakePlacing(destination), FakeAdmission()
        caller = FakePersonCaller()
        parts: dict[str, Any] = {
            "ledger": ledger,
            "answerer": answerer,
            "users": FakeUsers(),
            "admission": admission,
            "conversations": conversations,
            "placing": placing,
            "publisher": AnswerPublisher(ledger, BOT, cast("Users", FakeUsers())),
            "closer": closer,
            "rate_limits": SlackRateLimits(),
            "bot": BOT,
            "hearing": PostHearing(ledger=ledger, hearer=answerer, caller=caller, budget=TokenBudget(ledger=ledger)),
            "budget": TokenBudget(ledger=ledger),
            "files": QuestionFiles(files, ledger),  # type: ignore[arg-type]
            "support_channels": {},
            "actions": (MUTE_ACTION,),
            "private_actions": (),
        }
        handler = QuestionHandler(**parts)
        around = closer, conversations, placing, admission, files, caller
        yield Scene(ledger, handler, entry, answerer, destination, *around)


def play(folder: Path, act: Callable[[Scene], Awaitable[None]], question: SlackQuestion = A_QUESTION) -> None:
    async def run() -> None:
        async with scene_in(folder, question) as scene:
            await act(scene)

    asyncio.run(run())
