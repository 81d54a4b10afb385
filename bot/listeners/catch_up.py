"""Catching up: what was asked while no replica was connected is read in Slack, and taken late.

Slack delivers an event three times more, within some six minutes, and then never again. So whoever starts, or comes
back after the sockets were away, reads the places where the bot is asked, back to where all events were seen: support
channels, direct messages, channels and threads where it was asked before. There is no search for mentions.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.ledger import LedgerError
from bot.listeners.missed_messages import GIVEN_UP, Missed, MissedMessages, OutOfReachError
from bot.telemetry import Heartbeat

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.ledger.repositories.outages import Outage
    from bot.listeners.messages import MessageListeners
    from bot.slack.sockets import SocketState

logger = logging.getLogger(__name__)

LOOK_EVERY_S, LOOK_SOON_S = 5.0, 0.5
AWAY_S = 60.0
"""Sockets that were away for less have missed nothing: Slack delivers again."""
MARGIN_S = 60.0
"""Events do not come strictly in their order, nor at once."""
TRY_AGAIN_S = 60.0
HOUR_S = 3_600.0


@dataclass(slots=True, kw_only=True)
class CatchUp:
    """Reads what was missed, up to so many `hours` back; 0 for never. `client` repeats nothing by itself.

    `seen_until` is the time, by Slack's clock, until which all events were seen when the sockets were last up.
    """

    client: AsyncWebClient
    ledger: Ledger
    worker: Worker
    messages: MessageListeners
    sockets: SocketState
    hours: float
    seen_until: float = 0.0
    last_up: float = field(default_factory=time.time)
    is_noted: bool = False
    """Whether it is in the ledger that nobody may have been connected before this replica was."""
    reading: asyncio.Task[None] | None = None
    records: Heartbeat = field(default_factory=Heartbeat)
    """When it was last noted in the ledger that this replica is connected: that writes."""

    @property
    def team(self) -> str:
        """The workspace."""
        return self.messages.parser.bot.team

    async def note_outage(self) -> None:
        """Note that nobody may have been connected; called before this replica connects, and when it has again."""
        if not self.hours:
            self.is_noted = True
            return
        try:
            since = await self.ledger.outages.note(self.team, since_ts=self.seen_until)
        except LedgerError as error:
            logger.warning("It can't be noted since when nobody was connected to Slack: %s", error)
            return
        self.is_noted = True
        self.messages.clock.begin(since)

    async def run(self) -> None:
        """Say every few seconds that this replica is connected, and catch up whenever nobody was; for ever."""
        try:
            while True:
                try:
                    await self.look()
                except LedgerError as error:
                    self.records.fail(str(error))
                    logger.warning("It can't be seen what was missed: %s", error)
                await asyncio.sleep(LOOK_EVERY_S if self.sockets.is_up else LOOK_SOON_S)
        finally:
            if self.reading:
                self.reading.cancel()

    async def look(self) -> None:
        """Note how long this replica has seen all events, and begin to read what it has not."""
        now = time.time()  # a machine that slept was away too, which time.monotonic() does not tell
        if not self.sockets.is_up:
            return
        self.is_noted = self.is_noted and now - self.last_up < AWAY_S
        if not self.is_noted:
            await self.note_outage()
        self.last_up, self.seen_until = now, self.messages.clock.now()
        await self.ledger.outages.record_connected(self.team, seen_until_ts=self.seen_until)
        self.records.beat()
        if not self.hours or (self.reading and not self.reading.done()):
            return
        if outage := await self.ledger.outages.claim(self.team):
            self.reading = asyncio.create_task(self.read(outage))

    async def read(self, outage: Outage) -> None:
        """Read what was missed; what is unexpected ends that, not the bot: it would be the same at the next start."""
        try:
            missed = await self._read(outage)
        except OutOfReachError as error:
            logger.warning("What was missed can't be read to its end now: %s", error)
            await self._leave(outage, postpone=True)
        except LedgerError as error:
            logger.warning("What was missed can't be read now: %s", error)
        except Exception:
            logger.exception("Catching up is given up: a mistake of its own.")
            await self._leave(outage, postpone=False)
        else:
            minutes = (time.time() - outage.since_ts) / 60
            logger.info("Caught up on %.0f minutes: %s.", minutes, missed)
            await self._leave(outage, postpone=False)

    async def _read(self, outage: Outage) -> Missed:
        now = time.time()
        oldest = max(outage.since_ts - MARGIN_S, now - self.hours * HOUR_S)
        if oldest > outage.since_ts:
            left = (oldest - outage.since_ts) / HOUR_S
            logger.warning("%.1f hours before stay unread: CATCH_UP_HOURS is %g.", left, self.hours)
        reader = MissedMessages(
            client=self.client,
            ledger=self.ledger,
            worker=self.worker,
            messages=self.messages,
            since=outage.since_ts,
            oldest=oldest,
            give_up_at=now + GIVEN_UP,
        )
        return await reader.take_all()

    async def _leave(self, outage: Outage, *, postpone: bool) -> None:
        try:
            if postpone:
                await self.ledger.outages.postpone(self.team, TRY_AGAIN_S)
            else:
                await self.ledger.outages.end(self.team, outage)
        except LedgerError as error:
            logger.warning("It can't be noted how far it was caught up: %s", error)
