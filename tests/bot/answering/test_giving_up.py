"""Giving up: the word that stands in place of an answer, and where none can stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.answering.endings import GaveUp
from bot.domain import SlackMessage
from bot.ledger import LostLeaseError, Outcome, State
from bot.slack.errors import AskerUnreachableError, CannotPostError, SlackRefusedError
from tests.bot.answering.closing_scene import MESSAGES, Scene, answered_anew, told_alone
from tests.bot.fakes import WORDS, FakePolicy
from tests.standins.slack import ASKER, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.standins.slack import SlackStandIn


@pytest.mark.parametrize("sentence", ["busy", "apology"])
def test_who_gets_no_answer_gets_a_word_in_its_place(play: Callable[..., None], sentence: Any) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, GaveUp(sentence, reason="why"))
        assert scene.destination.texts() == [WORDS.at(sentence)]
        assert await scene.state() == (State.FAILED, "why")

    play(act)


def test_an_answer_that_is_ready_is_posted_in_place_of_an_apology(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        two = [*MESSAGES, SlackMessage(text="And in etcd.", blocks=[])]
        entry = await scene.ledger.questions.record_answer(scene.entry, two, Outcome(kind="grounded"))
        scene.destination.already_posted = {0: "1.1"}
        await scene.closer.close(entry, GaveUp("apology", reason="Slack is away."))
        assert scene.destination.texts() == ["And in etcd."]
        assert await scene.state() == (State.ANSWERED, "Slack is away.")

    play(act)


def test_who_may_not_ask_any_more_gets_no_apology_in_public(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, GaveUp("apology", reason="why"))
        assert scene.destination.texts() == []
        assert told_alone(slack, scene) == ["Not you."]
        assert await scene.state() == (State.QUIET, "may not ask")

    play(act, policy=FakePolicy("Not you."))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AskerUnreachableError("response_url answered 404"), "response_url answered 404"),
        (CannotPostError("not_in_channel", kind="not_a_member"), "not_in_channel"),
    ],
)
def test_an_apology_that_can_not_be_posted_ends_the_question_too(
    play: Callable[..., None], error: Exception, reason: str
) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, GaveUp("apology", reason="why"))
        assert await scene.state() == (State.FAILED, reason)

    play(act, place_error=error)


def test_an_asker_of_whom_slack_will_not_tell_is_told_directly(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, GaveUp("apology", reason="why"))
        assert await scene.state() == (State.FAILED, "team_access_not_granted")
        assert scene.entry.question.channel in slack.channels[slack.direct(ASKER)].messages[-1]["text"]

    play(act, policy=FakePolicy(error=SlackRefusedError("team_access_not_granted")))


def test_who_can_not_be_told_that_the_earlier_answer_stands_is_told_directly(
    play: Callable[..., None], slack: SlackStandIn
) -> None:
    async def act(scene: Scene) -> None:
        entry = await answered_anew(scene)
        slack.fail("chat.postEphemeral", Failure(error="user_not_in_channel"))
        with pytest.raises(LostLeaseError):  # the question has its end: that of the answer before
            await scene.closer.close(entry, GaveUp("apology", reason="why"))
        assert await scene.state() == (State.ANSWERED, "why")
        assert scene.retractor.notices == [entry.id]
        assert scene.entry.question.channel in slack.channels[slack.direct(ASKER)].messages[-1]["text"]

    play(act)
