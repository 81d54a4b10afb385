"""Cleanup: what takes long never stands in the way of what is short, and a stop lets the short end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from bot.jobs.cleanup import MOST_AT_ONCE, CleanupQueue
from bot.ledger import Entry
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.domain import SlackQuestion
    from bot.ledger import Ledger
    from bot.posting.retracting import MessageRetractor

ENTRY = Entry(id=1, question=A_QUESTION, claims=1, tries=1, age_s=0.0)


@dataclass
class SlowRetractor:
    """Retracts an answer at its `gate`, and remembers what else it has done."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    buttons: list[int] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    async def retract_answer(self, entry: Entry) -> None:
        assert entry.id
        await self.gate.wait()

    async def remove_regenerate_buttons(self, entry: Entry) -> None:
        self.begun.set()
        await asyncio.sleep(0)
        self.buttons.append(entry.id)

    async def retract_unaccepted_notice(self, question: SlackQuestion) -> None:
        self.notices.append(question.ts)


def play(act: Callable[[CleanupQueue, SlowRetractor], Awaitable[None]]) -> None:
    async def run() -> None:
        retractor = SlowRetractor()
        queue = CleanupQueue(retractor=cast("MessageRetractor", retractor), ledger=cast("Ledger", None))
        for _ in range(MOST_AT_ONCE):
            queue.retract_answer(ENTRY)
        async with asyncio.timeout(10):
            await act(queue, retractor)

    asyncio.run(run())


def test_the_short_has_places_of_its_own() -> None:
    async def act(queue: CleanupQueue, retractor: SlowRetractor) -> None:
        queue.remove_regenerate_buttons(ENTRY)
        queue.retract_unaccepted_notice(A_QUESTION, after=None)
        await queue.short_tasks.wait(10)
        assert (retractor.buttons, retractor.notices) == ([ENTRY.id], [A_QUESTION.ts])
        await queue.stop(0.1)

    play(act)


def test_a_stop_lets_the_short_end_and_leaves_the_rest_to_others() -> None:
    async def act(queue: CleanupQueue, retractor: SlowRetractor) -> None:
        queue.remove_regenerate_buttons(ENTRY)
        await retractor.begun.wait()
        await queue.stop(10)
        assert retractor.buttons == [ENTRY.id]
        assert not queue.tasks.tasks

    play(act)
