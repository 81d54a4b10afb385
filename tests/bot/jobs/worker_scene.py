"""A worker with fakes around it, on a real ledger."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text

from bot.jobs.worker import Worker
from bot.ledger import open_ledger
from tests.bot.fakes import FakeCleanup, FakeCloser, FakeHandler
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.jobs.cleanup import CleanupQueue
    from bot.ledger import Entry, Ledger


@dataclass
class Scene:
    """A worker with fakes around it, on a real ledger."""

    ledger: Ledger
    worker: Worker
    handler: FakeHandler
    closer: FakeCloser
    cleanup: FakeCleanup

    async def accept(self, number: int = 1) -> Entry:
        entry = await self.ledger.questions.accept(replace(A_QUESTION, ts=f"1700000000.{number:06d}"))
        assert entry
        return entry

    async def start(self, number: int = 1) -> Entry:
        """Accept a question, as far as an attempt goes."""
        return await self.ledger.questions.start_attempt(await self.accept(number))

    async def finish_work(self) -> None:
        """Wait until nothing is worked on."""
        while self.worker.tasks:
            await asyncio.wait(self.worker.tasks.values())
        await self.worker.closings.wait(10)

    async def sql(self, statement: str) -> None:
        await self.ledger.database.changed(text(statement))


@asynccontextmanager
async def scene_in(folder: Path, **settings: Any) -> AsyncIterator[Scene]:
    async with open_ledger(f"sqlite:///{folder / 'ledger.sqlite3'}") as ledger:
        handler, closer, cleanup = FakeHandler(ledger), FakeCloser(), FakeCleanup()
        at_once = settings.pop("at_once", 2)
        worker = Worker(
            handler=handler,
            closer=closer,
            cleanup=cast("CleanupQueue", cleanup),
            ledger=ledger,
            waiting=ledger.waiting(),
            at_once=at_once,
            slots=asyncio.Semaphore(at_once),
            **{"queue_length": 2, "answer_within_s": 30.0, **settings},
        )
        yield Scene(ledger, worker, handler, closer, cleanup)


def play(folder: Path, act: Callable[[Scene], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        async with scene_in(folder, **settings) as scene:
            await act(scene)

    asyncio.run(run())
