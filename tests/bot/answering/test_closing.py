"""Closing: for each ending the state, the notice, and what the asker is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.answering.endings import (
    CannotPost,
    GaveUp,
    NotHeard,
    PersonCalled,
    Published,
    Refused,
    Restored,
    ToldAlone,
    Unreachable,
)
from bot.domain import Ignored, SlackMessage
from bot.ledger import LostLeaseError, Outcome, State
from bot.slack.errors import AskerUnreachableError, CannotPostError, SlackRefusedError
from tests.bot.answering.closing_scene import MESSAGES, Scene, answered_anew, told_alone
from tests.bot.fakes import WORDS
from tests.builders import A_QUESTION
from tests.standins.slack import ASKER

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.answering.endings import Ending
    from tests.standins.slack import SlackStandIn


@pytest.mark.parametrize(
    ("kind", "state"),
    [("grounded", State.ANSWERED), ("extractive", State.ANSWERED), ("abstained", State.ABSTAINED)],
)
def test_what_is_published_ends_by_its_kind_and_its_notice_goes(
    play: Callable[..., None], kind: str, state: State
) -> None:
    async def act(scene: Scene) -> None:
        entry = await scene.ledger.questions.record_answer(scene.entry, MESSAGES, Outcome(kind=kind))
        await scene.closer.close(scene.entry, Published(entry=entry, outcome=None))
        assert await scene.state() == (state, "")
        assert scene.retractor.notices == [entry.id]

    play(act)


def test_that_an_answer_was_stopped_is_noted(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Published(entry=scene.entry, outcome=None, was_stopped=True))
        assert await scene.state() == (State.QUIET, "stopped")

    play(act)


def test_who_is_refused_is_told_alone(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Refused("Not you.", "may not ask"))
        assert await scene.state() == (State.QUIET, "may not ask")
        assert told_alone(slack, scene) == ["Not you."]

    play(act)


def test_who_has_not_asked_the_bot_is_not_told_that_they_are_refused(
    play: Callable[..., None], slack: SlackStandIn
) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Refused("Not you.", "may not ask"))
        assert told_alone(slack, scene) == []

    play(act, question=replace(A_QUESTION, origin="support"))


def test_what_is_ignored_ends_quietly(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Ignored("not about Milvus"))
        assert await scene.state() == (State.QUIET, "not about Milvus")
        assert scene.destination.texts() == []

    play(act)


def test_what_is_not_heard_is_forgotten(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        undecided = await scene.ledger.revisions.reword(
            replace(scene.entry.question, text="all is well", edited_ts="2.0", is_undecided=True)
        )
        assert undecided
        await scene.closer.close(undecided, NotHeard())
        assert await scene.state() == (State.NOT_HEARD, "")
        assert scene.destination.texts() == []

    play(act, question=replace(A_QUESTION, origin="support"))


def test_an_undecided_post_that_is_given_up_is_forgotten_too(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        undecided = await scene.ledger.revisions.reword(
            replace(scene.entry.question, text="all is well", edited_ts="2.0", is_undecided=True)
        )
        assert undecided
        await scene.closer.show_queue(undecided, before=3)
        await scene.closer.close(undecided, GaveUp("busy", reason="the queue is full"))
        assert (await scene.state())[0] is State.NOT_HEARD
        assert scene.destination.texts() == []

    play(act, question=replace(A_QUESTION, origin="support"))


def test_what_is_told_alone_is_seen_by_its_asker_and_ends_quietly(
    play: Callable[..., None], slack: SlackStandIn
) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, ToldAlone(SlackMessage(text="not there", blocks=[])))
        assert await scene.state() == (State.QUIET, "not in the docs")
        assert told_alone(slack, scene) == ["not there"]
        assert scene.destination.texts() == []

    play(act, question=replace(A_QUESTION, origin="support"))


@pytest.mark.parametrize("told", ["", "Nobody can be called now."])
def test_who_wanted_a_person_is_told_where_none_could_be_called(
    play: Callable[..., None], slack: SlackStandIn, told: str
) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, PersonCalled(told))
        assert await scene.state() == (State.QUIET, "a person was called")
        assert told_alone(slack, scene) == ([told] if told else [])

    play(act, question=replace(A_QUESTION, origin="support"))


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (Refused("Not you.", "may not ask"), "may not ask"),
        (Ignored("not about Milvus"), "not about Milvus"),
        (GaveUp("apology", reason="Milvus is away."), "Milvus is away."),
    ],
)
def test_an_answer_from_before_stands_again(play: Callable[..., None], ending: Ending, reason: str) -> None:
    async def act(scene: Scene) -> None:
        entry = await answered_anew(scene)
        await scene.closer.close(entry, ending)
        assert await scene.state() == (State.ANSWERED, reason)
        _, restored = await scene.ledger.questions.current(entry)
        assert (restored.messages, restored.posted) == (tuple(MESSAGES), {0: "1.1"})
        assert scene.destination.texts() == []

    play(act)


def test_of_what_the_ledger_has_restored_only_the_notice_is_left(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Restored())
        assert (await scene.state())[0] is State.ANSWERING, "nothing was written"
        assert scene.retractor.notices == [scene.entry.id]

    play(act)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(CannotPostError("is_archived", kind="archived"), "archived"), (SlackRefusedError("odd_news"), "otherwise")],
)
def test_where_nothing_can_be_posted_the_asker_is_told_directly(
    play: Callable[..., None], slack: SlackStandIn, error: SlackRefusedError, kind: Any
) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, CannotPost(error))
        assert await scene.state() == (State.FAILED, error.code)
        reason = WORDS.refusal(kind, code=error.code, bot_name="milvusfaq")
        told = WORDS.can_not_post.format(channel=f"<#{scene.entry.question.channel}>", reason=reason)
        assert slack.channels[slack.direct(ASKER)].messages[-1]["text"] == told

    play(act)


def test_an_asker_who_can_not_be_reached_is_given_up(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Unreachable(AskerUnreachableError("response_url answered 404")))
        assert await scene.state() == (State.FAILED, "response_url answered 404")

    play(act)


def test_a_question_of_another_process_is_not_closed(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.ledger.deletion.delete(scene.entry.question.ref)
        for ending in (
            Ignored("asks nothing"),
            GaveUp("busy", reason="why"),
            Published(entry=scene.entry, outcome=None),
        ):
            with pytest.raises(LostLeaseError):
                await scene.closer.close(scene.entry, cast("Ending", ending))

    play(act)


def test_who_waits_is_told_once_what_is_away(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.keep_waiting(scene.entry, docs_are_away=True)
        entry = await scene.ledger.questions.refresh(scene.entry)
        await scene.closer.keep_waiting(entry, docs_are_away=False)
        (said,) = slack.channels[entry.question.channel].messages
        assert said["text"] == WORDS.docs_are_away
        assert entry.notice_ts == said["ts"]

    play(act)


def test_the_queue_is_shown_where_there_is_a_thread(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.show_queue(scene.entry, before=3)
        (call,) = [c for c in slack.calls_of("assistant.threads.setStatus") if c["thread_ts"] == A_QUESTION.thread_ts]
        assert call["status"] == WORDS.waiting.format(before=3)

    play(act)
