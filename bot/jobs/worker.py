"""This file is where accepted questions are worked through: so many at once, tried again, taken over, handed on.

What fails for now (Milvus, Slack, the ledger) is tried again until it is answered or too old. Whatever else goes wrong
climbs to one place: it is logged with its traceback, and the asker gets an apology without its text.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from slack_sdk.errors import SlackApiError

from bot.ledger import WAITS_ITS_TURN, LedgerError, LostLeaseError
from bot.slack.errors import SlackTroubleError, TooManyCallsError, UnreachableAskerError
from rag import RetrievalError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator

    from bot.answering.handler import Responder
    from bot.domain import Inquiry
    from bot.jobs.cleanup import Cleaner
    from bot.ledger import Entry, Ledger

logger = logging.getLogger(__name__)


FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
TOLD_AFTER_S = 4.0
"""A failure that passes sooner than this is not worth a message."""
MOST_ATTEMPTS = 4
"""Processes that may take up a question: one that ends each of them is not given to a fifth."""
READY_ANSWERS_WAIT = 4
"""How many times as long an answer may wait that is there, and only has to be posted."""
MOST_ENDINGS = 50
LAST_WORDS_S = 1.0
PASSING = (RetrievalError, SlackTroubleError, LedgerError, TimeoutError)


@dataclass(slots=True, kw_only=True)
class Workers:
    """Answers up to `at_once` questions at a time, a slot each; `queue_length` more may wait.

    `answer_within_s` is how long a question is tried for.
    """

    responder: Responder
    ledger: Ledger
    at_once: int
    queue_length: int
    answer_within_s: float
    slots: asyncio.Semaphore
    cleaner: Cleaner
    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    stops: dict[int, asyncio.Event] = field(default_factory=dict)
    """Set when someone wants no more of an answer, by the question's id."""
    lost: set[int] = field(default_factory=set)
    """What was no longer ours, or no longer open, when the leases were renewed."""
    endings: set[asyncio.Task[None]] = field(default_factory=set)
    stopping: bool = False

    def take(self, entry: Entry, *, after: asyncio.Task[None] | None = None) -> None:
        """Work on an accepted question, now or as soon as there is room; refuse it, in words, when too many wait.

        `after` is what has to end before: what it has under way may still reach Slack.
        """
        if self.stopping:
            self._end(self.ledger.hand_on([entry.id]))
        elif len(self.tasks) >= self.at_once + self.queue_length:
            self._end(self._give_up(entry, "busy", reason="the queue is full"))
        else:
            self.stops[entry.id] = asyncio.Event()
            task = asyncio.create_task(self._work(entry, self.stops[entry.id], after))
            self.tasks[entry.id] = task
            task.add_done_callback(lambda done: self._ended(entry, done))

    def take_anew(self, entry: Entry) -> None:
        """Work on a question that now says something else, or is to be answered in another way."""
        before = self.tasks.pop(entry.id, None)
        if before:
            before.cancel()
        self.take(entry, after=before)

    def stop(self, ids: Iterable[int]) -> None:
        """End the answers to these questions where they stand, as far as they are made here."""
        for id_ in ids:
            if stop := self.stops.get(id_):
                stop.set()

    def tidy(self, inquiry: Inquiry, *, after: asyncio.Event | None) -> None:
        """Take back what was said, or is being said until `after`, when this question could not be taken down."""
        self._end(self._tidy(inquiry, after))

    def take_back(self, entry: Entry) -> None:
        """Remove the answer to a question that was deleted, unless people talk about it."""
        task = self.tasks.get(entry.id)
        if task:
            task.cancel()
        self.cleaner.take_back(entry, after=task)

    async def look_after(self) -> None:
        """Renew leases, and take over what others have left, for ever."""
        pause = self.ledger.lease_s / 5
        while True:
            try:
                await self._renew()
                if not self.stopping:
                    await self.take_over()
                    await self.cleaner.take_up()
            except LedgerError as error:
                logger.warning("Leases can't be renewed: %s", error)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads replicas

    async def take_over(self) -> None:
        """Take up what a crash or a stop has left, as far as there is room."""
        room = self.at_once + self.queue_length - len(self.tasks)
        for entry in await self.ledger.take_over(room) if room > 0 else ():
            if entry.id in self.tasks:
                continue  # our own lease ran out while the ledger was away: it is ours again
            logger.info("Took over %s %s, attempt %d", entry.inquiry.channel, entry.inquiry.ts, entry.attempts)
            if entry.attempts > MOST_ATTEMPTS:
                self._end(self._give_up(entry, "apology", reason="it ended every process that took it up"))
            else:
                self.take(entry)

    async def drain(self, grace_s: float) -> None:
        """Finish what is under way within `grace_s` seconds, and hand the rest on."""
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
            await self.ledger.hand_on(left)
        except LedgerError as error:
            logger.warning("%d questions wait until their leases run out: %s", len(left), error)
        if self.endings:
            await asyncio.wait(self.endings, timeout=max(LAST_WORDS_S, deadline - time.monotonic()))
        await self.cleaner.stop()

    async def _renew(self) -> None:
        working = set(self.tasks)
        kept = await self.ledger.keep(working)
        lost = working - kept.keys()
        for id_ in lost & self.lost:  # a second time: it is not just putting an end to what it has closed
            if task := self.tasks.get(id_):
                task.cancel()
        self.lost = lost
        self.stop(id_ for id_, stopped in kept.items() if stopped)

    async def _work(self, entry: Entry, stop: asyncio.Event, after: asyncio.Task[None] | None) -> None:
        WAITS_ITS_TURN.set(True)
        if after:
            await asyncio.wait({after})
        if entry.was_stopped:
            stop.set()
        if self.slots.locked():
            before = len(self.tasks) - self.at_once
            words = await self.responder.words(entry)
            await self.responder.show_status(entry, words.waiting.format(before=before))
        begun = time.monotonic()
        for pause in _pauses():
            try:
                async with self.slots, asyncio.timeout(self.answer_within_s):
                    await self.responder.respond(entry, stop)
                self._look_back(entry)
            except LostLeaseError:
                logger.info("%s %s is no longer ours", entry.inquiry.channel, entry.inquiry.ts)
                self.cleaner.clean_up(entry)
            except PASSING as error:
                reason = str(error) or f"not answered within {self.answer_within_s:g} s"
                logger.warning("%s %s waits: %s", entry.inquiry.channel, entry.inquiry.ts, reason)
                if await self._may_wait(entry, error, has_tried_s=time.monotonic() - begun):
                    await asyncio.sleep(getattr(error, "retry_after_s", 0.0) or pause)
                    continue
            return

    def _look_back(self, entry: Entry) -> None:
        """Have taken away what an answer leaves: what came late for the one before, the buttons of the one above."""
        if entry.revision:
            self.cleaner.clean_up(entry)
        if entry.inquiry.in_running_thread:
            buttons = self.responder.tidier.take_again_buttons_away(entry)
            self._end(self._aside("A button stays", entry.inquiry, buttons))

    async def _may_wait(self, entry: Entry, error: Exception, *, has_tried_s: float) -> bool:
        """Tell whether a question may be tried again; tell the asker the one or the other.

        How long this process was not there does not count, and an answer that only has to be posted may wait longer.
        """
        try:
            entry = await self.ledger.look(entry)
            patience_s = self.answer_within_s * (READY_ANSWERS_WAIT if entry.messages else 1)
            if min(entry.age_s, has_tried_s) > patience_s:
                await self._give_up(entry, "apology", reason=str(error))
                return False
            if entry.age_s > TOLD_AFTER_S and not isinstance(error, TooManyCallsError):  # no more calls then
                words = await self.responder.words(entry)
                away = words.docs_are_away if isinstance(error, RetrievalError) else words.something_is_away
                await self.responder.tell_to_wait(entry, away)
        except LostLeaseError:
            self.cleaner.clean_up(entry)  # the word to the asker may have come after the answer
            return False
        except (SlackTroubleError, UnreachableAskerError, LedgerError) as second:
            logger.debug("The asker can't be told: %s", second)
        return True

    def _ended(self, entry: Entry, task: asyncio.Task[None]) -> None:
        if self.tasks.get(entry.id) is task:
            del self.tasks[entry.id], self.stops[entry.id]
        if task.cancelled():
            if entry.id in self.lost:
                self.cleaner.clean_up(entry)
        elif error := task.exception():
            logger.error("A question could not be answered: %s", error, exc_info=error)
            self._end(self._give_up(entry, "apology", reason=type(error).__name__))

    async def _give_up(self, entry: Entry, word: Literal["busy", "apology"], *, reason: str) -> None:
        try:
            words = await self.responder.words(entry)
            try:
                await self.responder.give_up(entry, words.at(word), reason=reason)
            except SlackApiError as error:
                await self.responder.farewell.tell_elsewhere(entry, error)
        except LostLeaseError:
            return
        except SlackTroubleError as error:
            logger.warning("The asker of %s %s can't be told yet: %s", entry.inquiry.channel, entry.inquiry.ts, error)

    async def _tidy(self, inquiry: Inquiry, after: asyncio.Event | None) -> None:
        if after:
            await after.wait()
        await self._aside("A notice stays", inquiry, self.responder.tidier.take_back_untaken(inquiry))

    async def _aside(self, otherwise: str, inquiry: Inquiry, work: Coroutine[object, object, None]) -> None:
        """Do what is worth no second try; say what is `otherwise`."""
        try:
            await work
        except (SlackApiError, SlackTroubleError, LedgerError) as error:
            logger.info("%s in %s %s: %s", otherwise, inquiry.channel, inquiry.ts, error)

    def _end(self, ending: Coroutine[object, object, None]) -> None:
        """End a question aside; what can't be ended now, or is one too many, is taken over when its lease runs out."""
        if len(self.endings) >= MOST_ENDINGS:
            ending.close()
            return
        task = asyncio.create_task(ending)
        self.endings.add(task)
        task.add_done_callback(self._ending_done)

    def _ending_done(self, task: asyncio.Task[None]) -> None:
        self.endings.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A question could not be closed: %s", error, exc_info=error)


def _pauses() -> Iterator[float]:
    """Yield the seconds between tries, for ever: doubling, and spread so that not all questions try at once."""
    pause = FIRST_PAUSE_S
    while True:
        yield pause * random.uniform(0.75, 1.25)  # noqa: S311
        pause = min(2 * pause, LONGEST_PAUSE_S)
