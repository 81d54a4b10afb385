"""The worker: accepted questions are worked through, so many at once, tried again, reclaimed, released.

The worker knows when, the handler knows what. What fails for now (Milvus, Slack, the ledger) is tried again until it is
answered or too old. Whatever else goes wrong climbs to one place: it is logged with its traceback, and the asker gets
an apology without its text.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Protocol

from bot.answering.endings import GaveUp
from bot.answering.outcome import count_ending
from bot.background import BackgroundTasks, backoff, jitter
from bot.ledger import LedgerError, LostLeaseError
from bot.slack.errors import AskerUnreachableError, RateLimitedError, SlackUnavailableError
from bot.telemetry import LEASES_RECLAIMED, QUESTION_ID, QUESTION_SPAN, Heartbeat, about, span
from rag import RetrievalError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.answering.endings import Ending
    from bot.jobs.cleanup import CleanupQueue
    from bot.ledger import Entry, Ledger

logger = logging.getLogger(__name__)

TOLD_AFTER_S = 4.0
"""A failure that passes sooner than this is not worth a message."""
MOST_CLAIMS = 4
"""Processes that may claim a question: one that ends each of them is not given to a fifth."""
READY_ANSWERS_WAIT = 4
"""How many times as long an answer may wait that is there, and only has to be posted."""
MOST_CLOSINGS = 50
LAST_WORDS_S = 1.0
PASSING = (RetrievalError, SlackUnavailableError, LedgerError, TimeoutError)
"""What another attempt may fix."""


class Handler(Protocol):
    """What answers a question: bot.answering.handler."""

    async def handle(self, entry: Entry, stop: asyncio.Event) -> Ending:
        """Make one attempt, and close the question; raise one of PASSING when another attempt may succeed."""
        ...


class Closer(Protocol):
    """What tells an asker of a wait, or of an end: bot.answering.closing."""

    async def close(self, entry: Entry, ending: Ending) -> None:
        """End a question."""
        ...

    async def keep_waiting(self, entry: Entry, *, docs_are_away: bool) -> None:
        """Tell the asker, once, that the answer will take longer."""
        ...

    async def show_queue(self, entry: Entry, *, before: int) -> None:
        """Show how many questions come first."""
        ...


def _log_failure(error: BaseException) -> None:
    logger.error("A question could not be closed: %s", error, exc_info=error)


@dataclass(slots=True, kw_only=True)
class Worker:
    """Answers up to `at_once` questions at a time; `queue_length` more may wait.

    `answer_within_s` is how long a question is tried for. `ledger` goes first: leases have to be renewed in time;
    `waiting` lets those go first who have a person or Slack waiting.
    """

    handler: Handler
    closer: Closer
    cleanup: CleanupQueue
    ledger: Ledger
    waiting: Ledger
    at_once: int
    queue_length: int
    answer_within_s: float
    slots: asyncio.Semaphore
    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    stops: dict[int, asyncio.Event] = field(default_factory=dict)
    """Set when someone wants no more of an answer, by the question's id."""
    lost: set[int] = field(default_factory=set)
    """What was no longer ours, or no longer open, when the leases were renewed."""
    closings: BackgroundTasks = field(
        default_factory=lambda: BackgroundTasks(most=MOST_CLOSINGS, on_error=_log_failure)
    )
    """What can't be closed now, or is one too many, is reclaimed when its lease runs out."""
    stopping: bool = False
    renewals: Heartbeat = field(default_factory=Heartbeat)
    """When leases were last renewed: the ledger can be read and written."""

    def submit(self, entry: Entry, *, after: asyncio.Task[None] | None = None) -> None:
        """Work on an accepted question, now or as soon as there is room; refuse it, in words, when too many wait.

        `after` is what has to end before: what it has under way may still reach Slack.
        """
        if self.stopping:
            self.closings.start(self.ledger.questions.release([entry.id]))
        elif len(self.tasks) >= self.at_once + self.queue_length:
            self.closings.start(self._close(entry, GaveUp("busy", reason="the queue is full")))
        else:
            self.stops[entry.id] = asyncio.Event()
            task = asyncio.create_task(self._work(entry, self.stops[entry.id], after))
            self.tasks[entry.id] = task
            task.add_done_callback(lambda done: self._ended(entry, done))

    @property
    def has_room(self) -> bool:
        """Whether another question would be worked on at once."""
        return len(self.tasks) < self.at_once and not self.stopping

    def resubmit(self, entry: Entry) -> None:
        """Work on a question that now says something else, or is to be answered in another way."""
        before = self.tasks.pop(entry.id, None)
        if before:
            before.cancel()
        self.submit(entry, after=before)

    def stop(self, ids: Iterable[int]) -> None:
        """End the answers to these questions where they stand, as far as they are made here."""
        for id_ in ids:
            if stop := self.stops.get(id_):
                stop.set()

    def drop(self, entry: Entry) -> None:
        """End the work on a question that was deleted, and retract its answer, unless people talk about it."""
        task = self.tasks.get(entry.id)
        if task:
            task.cancel()
        self.cleanup.retract_answer(entry, after=task)

    async def run(self) -> None:
        """Renew leases, and reclaim what others have left, for ever."""
        while True:
            try:
                await self.renew_leases()
                if not self.stopping:
                    await self.reclaim()
                    await self.reclaim_cleanups()
                self.renewals.beat()
            except LedgerError as error:
                self.renewals.fail(str(error))
                logger.warning("Leases can't be renewed: %s", error)
            await asyncio.sleep(jitter(self.ledger.questions.lease_s / 5))

    async def reclaim(self) -> None:
        """Claim what a crash or a stop has left, as far as there is room."""
        room = self.at_once + self.queue_length - len(self.tasks)
        for entry in await self.ledger.questions.reclaim(room) if room > 0 else ():
            if entry.id in self.tasks:
                continue  # our own lease ran out while the ledger was away: it is ours again
            LEASES_RECLAIMED.inc()
            with about(entry.id):
                logger.info("Reclaimed %s %s, claim %d", entry.question.channel, entry.question.ts, entry.claims)
            if entry.claims > MOST_CLAIMS:
                ending = GaveUp("apology", reason="it ended every process that took it up")
                self.closings.start(self._close(entry, ending))
            else:
                self.submit(entry)

    async def reclaim_cleanups(self) -> None:
        """Claim what others have left of deleted questions."""
        for entry in await self.ledger.deletion.claim_cleanups():
            self.cleanup.retract_answer(entry)

    async def drain(self, grace_s: float) -> None:
        """Finish what is under way within `grace_s` seconds, and release the rest."""
        self.stopping = True
        deadline = time.monotonic() + grace_s
        if self.tasks:
            logger.info("Finishing %d questions.", len(self.tasks))
            await asyncio.wait(self.tasks.values(), timeout=grace_s)
        left = dict(self.tasks)
        for task in left.values():
            task.cancel()
        await asyncio.gather(*left.values(), return_exceptions=True)
        try:
            await self.ledger.questions.release(left)
        except LedgerError as error:
            logger.warning("%d questions wait until their leases run out: %s", len(left), error)
        await self.closings.wait(max(LAST_WORDS_S, deadline - time.monotonic()))
        await self.cleanup.stop(max(LAST_WORDS_S, deadline - time.monotonic()))

    async def renew_leases(self) -> None:
        """Renew the leases of what is worked on; what is twice found to be no longer ours is let go."""
        working = set(self.tasks)
        kept = await self.ledger.questions.renew_leases(working)
        lost = working - kept.keys()
        for id_ in lost & self.lost:  # a second time: it is not just putting an end to what it has closed
            if task := self.tasks.get(id_):
                task.cancel()
        self.lost = lost
        self.stop(id_ for id_, stopped in kept.items() if stopped)

    async def _work(self, entry: Entry, stop: asyncio.Event, after: asyncio.Task[None] | None) -> None:
        QUESTION_ID.set(str(entry.id))
        if after:
            await asyncio.wait({after})
        if entry.was_stopped:
            stop.set()
        if self.slots.locked():
            await self.closer.show_queue(entry, before=len(self.tasks) - self.at_once)
        begun = time.monotonic()
        for failures in count(1):
            try:
                async with self.slots, asyncio.timeout(self.answer_within_s):
                    with span(QUESTION_SPAN, {"question.id": entry.id}):
                        await self.handler.handle(entry, stop)
                self._clean_up(entry)
            except LostLeaseError:
                logger.info("%s %s is no longer ours", entry.question.channel, entry.question.ts)
                self.cleanup.retract_late_messages(entry)
            except PASSING as error:
                reason = str(error) or f"not answered within {self.answer_within_s:g} s"
                logger.warning("%s %s waits: %s", entry.question.channel, entry.question.ts, reason)
                if await self._may_wait(entry, error, has_tried_s=time.monotonic() - begun):
                    await asyncio.sleep(getattr(error, "retry_after_s", 0.0) or backoff(failures))
                    continue
            return

    def _clean_up(self, entry: Entry) -> None:
        """Have taken away what an answer leaves: what came late for the one before, the buttons of the one above."""
        if entry.revision:
            self.cleanup.retract_late_messages(entry)
        if entry.question.has_earlier_messages:
            self.cleanup.remove_regenerate_buttons(entry)

    async def _may_wait(self, entry: Entry, error: Exception, *, has_tried_s: float) -> bool:
        """Tell whether a question may be tried again; tell the asker the one or the other.

        How long this process was not there does not count, and an answer that only has to be posted may wait longer.
        """
        try:
            entry = await self.waiting.questions.refresh(entry)
            patience_s = self.answer_within_s * (READY_ANSWERS_WAIT if entry.messages else 1)
            if min(entry.age_s, has_tried_s) > patience_s:
                await self._close(entry, GaveUp("apology", reason=str(error)))
                return False
            if entry.age_s > TOLD_AFTER_S and not isinstance(error, RateLimitedError):  # no more calls then
                await self.closer.keep_waiting(entry, docs_are_away=isinstance(error, RetrievalError))
        except LostLeaseError:
            self.cleanup.retract_late_messages(entry)  # the notice to the asker may have come after the answer
            return False
        except (SlackUnavailableError, AskerUnreachableError, LedgerError) as second:
            logger.debug("The asker can't be told: %s", second)
        return True

    def _ended(self, entry: Entry, task: asyncio.Task[None]) -> None:
        if self.tasks.get(entry.id) is task:
            del self.tasks[entry.id], self.stops[entry.id]
        if task.cancelled():
            if entry.id in self.lost:
                self.cleanup.retract_late_messages(entry)
        elif error := task.exception():
            with about(entry.id):
                logger.error("A question could not be answered: %s", error, exc_info=error)
            self.closings.start(self._close(entry, GaveUp("apology", reason=type(error).__name__)))

    async def _close(self, entry: Entry, ending: GaveUp) -> None:
        QUESTION_ID.set(str(entry.id))
        try:
            await self.closer.close(entry, ending)
            count_ending(entry, ending)
        except LostLeaseError:
            return
        except SlackUnavailableError as error:
            question = entry.question
            logger.warning("The asker of %s %s can't be told yet: %s", question.channel, question.ts, error)
