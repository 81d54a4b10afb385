"""Leases: what is renewed, reclaimed, released, and let go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.jobs.worker import MOST_CLAIMS
from bot.ledger.storage.database import Database
from bot.ledger.store import make_ledger
from tests.bot.fakes import gave_up
from tests.bot.jobs.worker_scene import Scene, play

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from bot.ledger.storage.database import Transactions


@dataclass(frozen=True)
class NotedTransactions:
    """A ledger's transactions, with a note of which let others go first."""

    transactions: Transactions
    had_time: list[bool]
    dialect = "sqlite"
    errors: tuple[type[Exception], ...] = ()

    async def run(self, work: Callable[[Connection], Any], *, has_time: bool) -> Any:
        self.had_time.append(has_time)
        return await self.transactions.run(work, has_time=has_time)

    async def close(self) -> None:
        await self.transactions.close()


def test_leases_and_claims_let_nobody_go_first(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.accept()
        noted = NotedTransactions(scene.ledger.database.transactions, [])
        worker = replace(scene.worker, ledger=make_ledger(Database(noted), owner="here/1/x", lease_s=15))
        await worker.renew_leases()
        await worker.reclaim()
        await worker.reclaim_cleanups()
        assert noted.had_time
        assert not any(noted.had_time)

    play(tmp_path, act)


def test_what_others_have_left_of_deleted_questions_is_cleaned_up(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        entry = await scene.start()
        await scene.ledger.deletion.delete(entry.question.ref)
        await scene.sql("UPDATE questions SET lease_until = 0")
        await scene.worker.reclaim_cleanups()
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
