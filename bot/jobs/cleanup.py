"""This file is where what a question has left in Slack is taken back, though it is gone, or another process' now."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from bot.ledger import OPEN, LedgerError, fate, note_tidied, untidied
from bot.posting.publishing import SETTLED_AFTER_S
from bot.slack.errors import SlackTroubleError, explain

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.ledger import Entry, Ledger
    from bot.posting.retracting import Tidier

logger = logging.getLogger(__name__)


MOST_AT_ONCE = 50
CLEANED_UP_WITHIN_S = 30.0
ARRIVED_AFTER_S = 10.0
"""What was under way to Slack has arrived by then, or never will: the time that a call may take."""


@dataclass(slots=True, kw_only=True)
class Cleaner:
    """Cleans up aside, in a few tasks of its own; one too many is left to whoever comes next."""

    tidier: Tidier
    ledger: Ledger
    arrived_after_s: float = ARRIVED_AFTER_S
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def take_back(self, entry: Entry, *, after: asyncio.Task[None] | None = None) -> None:
        """Take back what a deleted question has left; what can't be now is tried again when the lease runs out.

        So is all of it where something was under way (`after`): that may arrive in Slack yet.
        """
        self._begin(self._take_back(entry, after))

    def clean_up(self, entry: Entry) -> None:
        """Take back what reaches Slack from here though the question has become another process', or was deleted.

        It is looked for soon, and once more when all that was under way must have arrived.
        """
        self._begin(self._clean_up(entry))

    async def take_up(self) -> None:
        """Take up what others have left of deleted questions."""
        for entry in await untidied(self.ledger):
            self.take_back(entry)

    async def stop(self) -> None:
        """Leave the rest to whoever comes next."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _take_back(self, entry: Entry, after: asyncio.Task[None] | None) -> None:
        if after:
            await asyncio.wait({after})
            await asyncio.sleep(SETTLED_AFTER_S)
        channel, ts = entry.inquiry.channel, entry.inquiry.ts
        try:
            await self.tidier.take_back_answer(entry)
        except SlackApiError as error:
            logger.info("The answer to the deleted %s %s stays: %s", channel, ts, explain(error))
        except SlackTroubleError as error:
            logger.info("The answer to the deleted %s %s stays for now: %s", channel, ts, error)
            return
        if not after:
            await note_tidied(self.ledger, entry)

    async def _clean_up(self, entry: Entry) -> None:
        begun, pause = time.monotonic(), SETTLED_AFTER_S
        while time.monotonic() - begun < CLEANED_UP_WITHIN_S:
            await asyncio.sleep(pause)
            state, now = await fate(self.ledger, entry)
            if state in OPEN:
                continue
            if state == "deleted":
                await self._take_back(now, after=None)
            else:
                await self._take_back_strays(now)
            if time.monotonic() - begun > self.arrived_after_s:
                return
            pause = self.arrived_after_s

    async def _take_back_strays(self, entry: Entry) -> None:
        try:
            await self.tidier.take_back_strays(entry)
        except SlackApiError as error:
            logger.info("A second answer to %s %s stays: %s", entry.inquiry.channel, entry.inquiry.ts, explain(error))
        except SlackTroubleError as error:
            logger.info("A second answer to %s %s stays: %s", entry.inquiry.channel, entry.inquiry.ts, error)

    def _begin(self, cleaning: Coroutine[object, object, None]) -> None:
        if len(self.tasks) >= MOST_AT_ONCE:
            cleaning.close()
            return
        task = asyncio.create_task(cleaning)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if task.cancelled() or not (error := task.exception()):
            return
        if isinstance(error, LedgerError):
            logger.info("It can't be seen what is to be taken back: %s", error)
        else:
            logger.error("What is left of a question could not be taken back: %s", error, exc_info=error)
