"""The worker: when a question is attempted, tried again, given up, reclaimed and released."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import text

from bot.jobs import worker as worker_module
from bot.jobs.worker import MOST_CLAIMS, Worker
from bot.ledger import LostLeaseError, Outcome, open_ledger
from bot.slack.errors import RateLimitedError, SlackRefusedError, SlackUnavailableError
from rag import RetrievalError
from tests.bot.fakes import FakeCleanup, FakeCloser, FakeHandler, gave_up
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.jobs.cleanup import CleanupQueue
    from bot.ledger import Entry, Ledger

MINUTES_AGO = "UPDATE questions SET accepted_at = accepted_at - 120"


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
        async with self.ledger.database.engine.begin() as connection:
            await connection.execute(text(statement))


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


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "backoff", lambda failures: 0.0 * failures)


@pytest.mark.parametrize(
    "error", [RetrievalError("Milvus is away."), SlackUnavailableError("Slack is away."), TimeoutError()]
)
def test_what_may_pass_is_tried_again_until_it_is_answered(tmp_path: Path, error: Exception) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.outcomes += [error, error]
        scene.worker.submit(await scene.accept())
        await scene.finish_work()
        assert len(scene.handler.handled) == 3
        assert not scene.closer.endings
        assert not scene.closer.waits

    play(tmp_path, act)


def test_leases_and_claims_wait_for_nobodys_turn(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.accept()
        turns = scene.ledger.database.turns
        while not turns.locked():
            await turns.acquire()
        async with asyncio.timeout(10):
            await scene.worker.renew_leases()
            await scene.worker.reclaim()
            await scene.worker.reclaim_cleanups()

    play(tmp_path, act)


def test_what_others_have_left_of_deleted_questions_is_cleaned_up(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        entry = await scene.start()
        await scene.ledger.deletion.delete(entry.question.ref)
        await scene.sql("UPDATE questions SET lease_until = 0")
        await scene.worker.reclaim_cleanups()
        assert scene.cleanup.answers == [entry.id]

    play(tmp_path, act)


def test_a_mistake_of_our_own_is_not_repeated_and_its_asker_gets_an_apology(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.outcomes.append(SlackRefusedError("invalid_arguments"))
        scene.worker.submit(await scene.accept())
        await scene.finish_work()
        assert gave_up(scene.closer.endings) == [("apology", "SlackRefusedError")]
        assert len(scene.handler.handled) == 1

    play(tmp_path, act)


def test_who_waits_longer_than_a_moment_is_told_what_is_away(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.outcomes += [RetrievalError("Milvus is away."), SlackUnavailableError("Slack is away.")]
        entry = await scene.start()
        await scene.sql("UPDATE questions SET accepted_at = accepted_at - 5")
        scene.worker.submit(entry)
        await scene.finish_work()
        assert scene.closer.waits == [True, False]

    play(tmp_path, act)


def test_into_a_busy_channel_no_notice_is_posted(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.outcomes.append(RateLimitedError(0.01))
        entry = await scene.start()
        await scene.sql("UPDATE questions SET accepted_at = accepted_at - 5")
        scene.worker.submit(entry)
        await scene.finish_work()
        assert scene.closer.waits == []
        assert len(scene.handler.handled) == 2

    play(tmp_path, act)


def test_after_so_long_a_question_is_given_up_with_the_reason(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.outcomes += [RetrievalError("Milvus is away.")] * 3
        entry = await scene.start()
        await scene.sql(MINUTES_AGO)
        scene.worker.submit(entry)
        await scene.finish_work()
        assert gave_up(scene.closer.endings) == [("apology", "Milvus is away.")]
        assert len(scene.handler.handled) == 1

    play(tmp_path, act, answer_within_s=-1.0)


def test_an_answer_that_only_has_to_be_posted_may_wait_longer(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.outcomes += [SlackUnavailableError("Slack is away.")] * 2
        entry = await scene.ledger.questions.record_answer(await scene.start(), [], Outcome(kind="grounded"))
        await scene.sql('UPDATE questions SET messages = \'[{"text": "a", "blocks": []}]\'')
        await scene.sql("UPDATE questions SET accepted_at = accepted_at - 50")
        scene.worker.submit(entry)
        await scene.finish_work()
        assert gave_up(scene.closer.endings) == []
        assert len(scene.handler.handled) == 3

    play(tmp_path, act, answer_within_s=20.0)


def test_a_question_that_is_lost_is_left_alone_and_looked_after(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.outcomes.append(LostLeaseError(1))
        entry = await scene.accept()
        scene.worker.submit(entry)
        await scene.finish_work()
        assert scene.cleanup.late == [entry.id]
        assert scene.closer.endings == []

    play(tmp_path, act)


def test_past_slots_and_queue_a_question_is_refused_and_those_who_wait_see_their_place(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.gate = asyncio.Event()
        for number in range(1, 5):
            scene.worker.submit(await scene.accept(number))
            await asyncio.sleep(0)
        await scene.handler.begun.wait()
        scene.worker.submit(await scene.accept(5))
        await scene.closer.closed.wait()
        assert gave_up(scene.closer.endings) == [("busy", "the queue is full")]
        scene.handler.gate.set()
        await scene.finish_work()
        assert scene.handler.handled == [1, 2, 3, 4]
        assert scene.closer.queued == [1, 2]

    play(tmp_path, act)


def test_the_stop_button_reaches_the_attempt(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.gate = asyncio.Event()
        entry = await scene.accept()
        scene.worker.submit(entry)
        await scene.handler.begun.wait()
        scene.worker.stop([entry.id, 99])
        scene.handler.gate.set()
        await scene.finish_work()
        assert scene.handler.stopped == [True]

    play(tmp_path, act)


def test_an_edit_ends_the_attempt_before_it_and_begins_another(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.gate = asyncio.Event()
        entry = await scene.accept()
        scene.worker.submit(entry)
        await scene.handler.begun.wait()
        scene.worker.resubmit(replace(entry, revision=1))
        scene.handler.gate.set()
        await scene.finish_work()
        assert scene.handler.handled == [entry.id, entry.id]
        assert scene.handler.stopped == [False]
        assert scene.cleanup.late == [entry.id], "what came late for the words before"

    play(tmp_path, act)


def test_a_deleted_question_is_worked_on_no_more_and_its_answer_goes(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.gate = asyncio.Event()
        entry = await scene.accept()
        scene.worker.submit(entry)
        await scene.handler.begun.wait()
        scene.worker.drop(entry)
        await scene.finish_work()
        assert scene.handler.stopped == []
        assert scene.cleanup.answers == [entry.id]

    play(tmp_path, act)


def test_what_another_process_left_is_reclaimed_and_what_ended_four_is_given_up(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        for number in (1, 2):
            await scene.accept(number)
        await scene.sql("UPDATE questions SET lease_until = 0, owner = 'elsewhere/1/x'")
        await scene.sql(f"UPDATE questions SET attempts = {MOST_CLAIMS} WHERE id = 2")  # noqa: S608
        await scene.worker.reclaim()
        await scene.finish_work()
        assert scene.handler.handled == [1]
        assert gave_up(scene.closer.endings) == [("apology", "it ended every process that took it up")]

    play(tmp_path, act)


def test_no_more_is_reclaimed_than_there_is_room_for(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.gate = asyncio.Event()
        for number in range(1, 7):
            await scene.accept(number)
        await scene.sql("UPDATE questions SET lease_until = 0, owner = 'elsewhere/1/x'")
        await scene.worker.reclaim()
        assert len(scene.worker.tasks) == 4
        scene.handler.gate.set()
        await scene.finish_work()

    play(tmp_path, act)


def test_a_stop_lets_answers_end_and_releases_the_rest(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.gate = asyncio.Event()
        scene.worker.submit(await scene.accept())
        await scene.handler.begun.wait()
        await scene.worker.drain(0.01)
        scene.worker.submit(await scene.accept(2))
        await scene.worker.closings.wait(10)
        assert scene.cleanup.is_stopped
        assert [entry.claims for entry in await scene.ledger.questions.reclaim()] == [1, 1]

    play(tmp_path, act)


def test_a_question_that_is_no_longer_ours_is_let_go_at_the_second_look(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.handler.gate = asyncio.Event()
        entry = await scene.accept()
        scene.worker.submit(entry)
        await scene.handler.begun.wait()
        await scene.sql("UPDATE questions SET owner = 'elsewhere/1/x'")
        await scene.worker.renew_leases()
        assert scene.worker.tasks
        await scene.worker.renew_leases()
        await scene.finish_work()
        assert scene.handler.stopped == []
        assert scene.cleanup.late == [entry.id]

    play(tmp_path, act)
