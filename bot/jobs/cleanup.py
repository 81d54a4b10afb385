"""Cleanup: what a question has left in Slack is retracted, though it is gone, or another process' now."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.background import BackgroundTasks
from bot.ledger import OPEN, LedgerError, State
from bot.posting.publishing import SETTLED_AFTER_S
from bot.slack.errors import SlackError, SlackUnavailableError
from bot.telemetry import QUESTION_ID

if TYPE_CHECKING:
    from bot.domain import SlackQuestion
    from bot.ledger import Entry, Ledger
    from bot.posting.retracting import MessageRetractor

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 50
WITHIN_S = 30.0
ARRIVED_AFTER_S = 10.0
"""What was under way to Slack has arrived by then, or never will: the time that a call may take."""


def _log_failure(error: BaseException) -> None:
    if isinstance(error, LedgerError):
        logger.info("It can't be seen what is to be retracted: %s", error)
    else:
        logger.error("What is left of a question could not be retracted: %s", error, exc_info=error)


@dataclass(slots=True, kw_only=True)
class CleanupQueue:
    """Cleans up in the background; what is one too many is left to whoever comes next."""

    retractor: MessageRetractor
    ledger: Ledger
    arrived_after_s: float = ARRIVED_AFTER_S
    tasks: BackgroundTasks = field(default_factory=lambda: BackgroundTasks(most=MOST_AT_ONCE, on_error=_log_failure))
    short_tasks: BackgroundTasks = field(
        default_factory=lambda: BackgroundTasks(most=MOST_AT_ONCE, on_error=_log_failure)
    )
    """What is done in a call or two, and looked after by nobody later: it has its own places."""

    def retract_answer(self, entry: Entry, *, after: asyncio.Task[None] | None = None) -> None:
        """Retract what a deleted question has left; what can't be now is tried again when the lease runs out.

        So is all of it where something was under way (`after`): that may arrive in Slack yet.
        """
        self.tasks.start(self._retract_answer(entry, after))

    def retract_late_messages(self, entry: Entry) -> None:
        """Retract what reaches Slack from here though the question has become another process', or was deleted.

        It is looked for soon, and once more when all that was under way must have arrived.
        """
        self.tasks.start(self._retract_late_messages(entry))

    def retract_unaccepted_notice(self, question: SlackQuestion, *, after: asyncio.Event | None) -> None:
        """Retract the notice, posted or being posted until `after`, that this question could not be accepted."""
        self.short_tasks.start(self._retract_unaccepted_notice(question, after))

    def remove_regenerate_buttons(self, entry: Entry) -> None:
        """Leave the buttons that ask for another answer to the thread's latest one."""
        self.short_tasks.start(self._remove_regenerate_buttons(entry))

    async def stop(self, within_s: float) -> None:
        """End what is short within so many seconds; leave the rest to whoever comes next."""
        await self.short_tasks.wait(within_s)
        await self.short_tasks.cancel()
        await self.tasks.cancel()

    async def _retract_answer(self, entry: Entry, after: asyncio.Task[None] | None) -> None:
        QUESTION_ID.set(str(entry.id))
        if after:
            await asyncio.wait({after})
            await asyncio.sleep(SETTLED_AFTER_S)
        channel, ts = entry.question.channel, entry.question.ts
        try:
            await self.retractor.retract_answer(entry)
        except SlackUnavailableError as error:
            logger.info("The answer to the deleted %s %s stays for now: %s", channel, ts, error)
            return
        except SlackError as error:
            logger.info("The answer to the deleted %s %s stays: %s", channel, ts, error)
        if not after:
            await self.ledger.deletion.finish_cleanup(entry)

    async def _retract_late_messages(self, entry: Entry) -> None:
        QUESTION_ID.set(str(entry.id))
        begun, pause = time.monotonic(), SETTLED_AFTER_S
        while time.monotonic() - begun < WITHIN_S:
            await asyncio.sleep(pause)
            state, current = await self.ledger.questions.current(entry)
            if state in OPEN:
                continue
            if state is State.DELETED:
                await self._retract_answer(current, after=None)
            else:
                await self._retract_second_answer(current)
            if time.monotonic() - begun > self.arrived_after_s:
                return
            pause = self.arrived_after_s

    async def _retract_second_answer(self, entry: Entry) -> None:
        try:
            await self.retractor.retract_late_messages(entry)
        except SlackError as error:
            logger.info("A second answer to %s %s stays: %s", entry.question.channel, entry.question.ts, error)

    async def _retract_unaccepted_notice(self, question: SlackQuestion, after: asyncio.Event | None) -> None:
        if after:
            await after.wait()
        try:
            await self.retractor.retract_unaccepted_notice(question)
        except SlackError as error:
            logger.info("A notice stays in %s %s: %s", question.channel, question.ts, error)

    async def _remove_regenerate_buttons(self, entry: Entry) -> None:
        QUESTION_ID.set(str(entry.id))
        try:
            await self.retractor.remove_regenerate_buttons(entry)
        except SlackError as error:
            logger.info("A button stays in %s %s: %s", entry.question.channel, entry.question.ts, error)
