"""The worker: when a question is attempted, tried again, given up, reclaimed and released."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.ledger import LostLeaseError, Outcome
from bot.slack.errors import RateLimitedError, SlackRefusedError, SlackUnavailableError
from rag import RetrievalError
from tests.bot.fakes import gave_up
from tests.bot.jobs.worker_scene import Scene, play

if TYPE_CHECKING:
    from pathlib import Path


MINUTES_AGO = "UPDATE questions SET accepted_at = accepted_at - 120"


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
