"""Hearing: posts whose form leaves open what they want, and people who want a person."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.answering.endings import NotHeard, PersonCalled, Published, Refused, ToldAlone
from bot.domain import Ignored
from bot.ledger import State
from rag import Answer, Hearing, Trace
from tests.bot.answering.handler_scene import Scene, play
from tests.bot.fakes import WORDS
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from pathlib import Path

    from bot.domain import SupportPolicy
    from rag import Wants

UNDECIDED = replace(A_QUESTION, origin="support", is_undecided=True)


def wants(what: Wants, *, likelihood: float = 0.05) -> Hearing:
    return Hearing(wants=what, likelihood=likelihood, told_by="classifier")


def test_a_post_that_wants_an_answer_is_answered(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        assert isinstance(await scene.handle(), Published)
        assert scene.answerer.heard == [UNDECIDED.text]

    play(tmp_path, act, UNDECIDED)


def test_a_post_that_wants_nothing_costs_no_look_at_slack(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.hearing = wants("nothing")
        scene.admission.refused = Refused("Not you.", "may not ask")
        assert await scene.handle() == NotHeard()
        assert scene.answerer.questions == []
        state, kept = await scene.ledger.questions.current(scene.entry)
        assert (state, kept.tries) == (State.UNDECIDED, 0)

    play(tmp_path, act, UNDECIDED)


def test_the_rest_of_a_post_that_slack_has_cut_in_two_is_not_answered_again(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        rest = replace(UNDECIDED, ts=f"{float(UNDECIDED.ts) + 0.5:.6f}", text="…the rest of a log")
        other = replace(rest, ts=f"{float(rest.ts) + 0.1:.6f}", user="U0OTHER")
        for question, ending in ((rest, NotHeard), (other, Published)):
            entry = await scene.ledger.questions.accept(question)
            assert entry is not None
            assert isinstance(await scene.handle(entry), ending)
        assert scene.answerer.heard == ["…the rest of a log"]

    play(tmp_path, act, replace(UNDECIDED, text="first, " * 400))


def test_what_was_heard_before_is_not_asked_for_again(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        begun = await scene.ledger.questions.start_attempt(scene.entry)
        scene.answerer.hearing = wants("nothing")
        assert isinstance(await scene.handle(scene.entry), Published), "an earlier attempt has heard it"
        assert isinstance(await scene.handle(begun), Published)
        assert scene.answerer.heard == []

    play(tmp_path, act, UNDECIDED)


def test_who_wants_a_person_gets_one(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.hearing, scene.caller.told = wants("person"), "Asked in #help."
        assert await scene.handle() == PersonCalled("Asked in #help.")
        assert scene.caller.called == [UNDECIDED.text]

    play(tmp_path, act, UNDECIDED)


def test_who_may_not_ask_gets_no_person_either(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.hearing = wants("person")
        scene.admission.refused = Refused("Not you.", "may not ask")
        assert isinstance(await scene.handle(), Refused)
        assert scene.caller.called == []

    play(tmp_path, act, UNDECIDED)


def test_where_nobody_is_to_be_called_such_a_post_is_left_alone(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.hearing = wants("person")
        hearing = replace(scene.handler.hearing, caller=None)
        handler = replace(scene.handler, hearing=hearing)
        assert await handler.handle(scene.entry, asyncio.Event()) == NotHeard()

    play(tmp_path, act, UNDECIDED)


@pytest.mark.parametrize(
    ("text", "likelihood", "is_called"),
    [
        ("can I talk to a human", 0.05, True),
        ("can I talk to a human", 0.4, False),
        ("how do I drop a partition", 0.05, False),
        ("a person asked: " + "why? " * 100, 0.05, False),
    ],
)
def test_who_asks_the_bot_for_a_person_gets_one_where_nothing_else_can_be_meant(
    tmp_path: Path, text: str, likelihood: float, *, is_called: bool
) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.hearing = wants("person", likelihood=likelihood)
        assert isinstance(await scene.handle(), PersonCalled if is_called else Published)

    play(tmp_path, act, replace(A_QUESTION, text=text))


def test_a_mention_without_such_words_is_not_looked_at_twice(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.handle()
        assert scene.answerer.heard == []

    play(tmp_path, act)


def test_nobody_sees_a_status_for_a_post_that_is_not_heard(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.hearing = wants("nothing")
        scene.placing.error = AssertionError("nothing is placed")
        assert await scene.handle() == NotHeard()
        assert scene.destination.messages == {}

    play(tmp_path, act, UNDECIDED)


ABSTAINED = Answer(text="The docs do not hold it.", citations=(), kind="abstained")
BY_MODEL = replace(ABSTAINED, trace=Trace(model="m"))


@pytest.mark.parametrize("answer", [ABSTAINED, BY_MODEL])
@pytest.mark.parametrize(
    ("policy", "ending"),
    [("questions", ToldAlone), ("all", ToldAlone), ("questions:say", Published), ("questions:silent", Ignored)],
)
def test_what_the_docs_lack_disturbs_nobody_who_has_not_asked(
    tmp_path: Path, answer: Answer, policy: SupportPolicy, ending: type
) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.outcomes.append(answer)
        scene.handler = replace(scene.handler, support_channels={UNDECIDED.channel: policy})
        ended = await scene.handle()
        assert isinstance(ended, ending)
        assert bool(scene.destination.texts()) == (ending is Published)
        if isinstance(ended, ToldAlone):
            assert "The docs do not hold it." in ended.message.text
            assert WORDS.nobody_else_sees in str(ended.message.blocks)

    play(tmp_path, act, UNDECIDED)


def test_a_mention_in_a_support_channel_is_told_in_the_thread(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.outcomes.append(ABSTAINED)
        assert isinstance(await scene.handle(), Published)

    play(tmp_path, act)


def test_an_app_that_asks_for_nobody_is_told_nothing_alone(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.outcomes.append(ABSTAINED)
        assert isinstance(await scene.handle(), Ignored)

    play(tmp_path, act, replace(UNDECIDED, user=""))
