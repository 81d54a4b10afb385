"""Leases: what is renewed, reclaimed, released, and let go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.jobs.worker import MOST_CLAIMS
from tests.bot.fakes import gave_up
from tests.bot.jobs.worker_scene import Scene, play

if TYPE_CHECKING:
    from pathlib import Path


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
