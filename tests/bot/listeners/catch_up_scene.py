"""What catches up, with a fake worker, on a real ledger and the stand-in of Slack."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.builders import BOT

if TYPE_CHECKING:
    from bot.ledger import Entry, Ledger
    from bot.listeners.catch_up import CatchUp
    from tests.standins.slack import SlackStandIn

SUPPORT = "C0SUPPORT"
COLLEAGUE = "U0COLLEAGUE"


@dataclass
class FakeWorker:
    """Takes what it is given; `room` many fit in."""

    taken: list[Entry] = field(default_factory=list)
    room: int = 1_000
    stopping: bool = False
    is_full: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def has_room(self) -> bool:
        return len(self.taken) < self.room

    def submit(self, entry: Entry) -> None:
        self.taken.append(entry)
        if not self.has_room:
            self.is_full.set()

    def texts(self) -> list[str]:
        return sorted(entry.question.text for entry in self.taken)


@dataclass
class Scene:
    """What catches up, and what was said before and in the outage."""

    slack: SlackStandIn
    ledger: Ledger
    worker: FakeWorker
    catch_up: CatchUp

    async def saw(self, ts: str) -> None:
        """Have this as the last event before the outage."""
        await self.ledger.outages.record_connected(BOT.team, seen_until_ts=float(ts))
        self.catch_up.is_noted = False
        await self.catch_up.note_outage()

    async def read(self) -> None:
        """Look, and read what was missed to the end."""
        await self.catch_up.look()
        if self.catch_up.reading:
            await self.catch_up.reading
