"""The handler: one attempt at a question, and the ending that comes of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.answering.conversation import Conversation
from bot.answering.endings import CannotPost, Published, Refused, Unreachable
from bot.domain import Ignored
from bot.ledger import LostLeaseError, State
from bot.rendering.action_ids import MUTE_ACTION, REGENERATE_ACTIONS
from bot.slack.errors import AskerUnreachableError, CannotPostError, SlackUnavailableError
from bot.text.wording import wording
from rag import Answer, Message, RetrievalError, Trace
from tests.bot.answering.handler_scene import Scene, play
from tests.bot.fakes import (
    WORDS,
    GermanAfterAdmission,
)
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from pathlib import Path


ABSTAINED = Answer(text="The docs do not hold it.", citations=(), kind="abstained")


def test_what_admission_has_learned_of_the_asker_gives_the_answer_its_language(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        slow = cast("Any", GermanAfterAdmission())
        handler = replace(scene.handler, users=slow, admission=slow)
        await handler.handle(scene.entry, asyncio.Event())
        (message,) = scene.destination.messages.values()
        assert wording("de-DE").liked in str(message.blocks)

    play(tmp_path, act)


def test_a_question_becomes_an_answer_that_is_on_disk_before_it_is_posted(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.destination.fails.append(SlackUnavailableError("Slack is away."))
        with pytest.raises(SlackUnavailableError):
            await scene.handler.handle(scene.entry, asyncio.Event())
        _, kept = await scene.ledger.questions.current(scene.entry)
        assert [message.text for message in kept.messages] == ["why?"]
        assert scene.closer.endings == []
        ending = await scene.handle(kept)
        assert isinstance(ending, Published)
        assert ending.outcome is None, "the answer is the one that was kept"
        assert len(scene.answerer.questions) == 1
        assert scene.destination.texts() == ["why?"]

    play(tmp_path, act)


def test_the_buttons_below_an_answer_are_those_for_its_kind_and_those_of_the_settings(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.handle()
        assert scene.actions() == [*REGENERATE_ACTIONS, MUTE_ACTION]

    play(tmp_path, act)


def test_an_abstention_is_not_asked_for_again(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.outcomes.append(ABSTAINED)
        ending = await scene.handle()
        assert isinstance(ending, Published)
        assert ending.entry.kind == "abstained"
        assert scene.actions() == [MUTE_ACTION]

    play(tmp_path, act)


def test_who_may_not_ask_costs_no_search(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.admission.refused = Refused("Not you.", "may not ask")
        assert await scene.handle() == Refused("Not you.", "may not ask")
        assert scene.answerer.questions == []

    play(tmp_path, act)


@pytest.mark.parametrize("origin", ["support", "follow-up"])
def test_in_a_persons_conversation_who_has_not_asked_the_bot_is_left_alone(tmp_path: Path, origin: Any) -> None:
    async def act(scene: Scene) -> None:
        scene.conversations.conversation = Conversation(taken_over=True)
        assert await scene.handle() == Ignored("a person has taken over")

    play(tmp_path, act, replace(A_QUESTION, origin=origin))


def test_a_mention_is_answered_though_a_person_has_taken_over(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.conversations.conversation = Conversation(taken_over=True)
        assert isinstance(await scene.handle(), Published)

    play(tmp_path, act)


def test_what_nobody_asked_the_bot_and_is_not_about_milvus_is_left_alone(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.answerer.outcomes += [ABSTAINED, replace(ABSTAINED, trace=Trace(model="m"))]
        assert await scene.handle() == Ignored("not about Milvus")
        assert isinstance(await scene.handle(), Published), "the model has read it: it is about Milvus"

    play(tmp_path, act, replace(A_QUESTION, origin="follow-up"))


def test_a_mention_without_words_asks_what_was_said_last(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        said = (Message(role="user", text="What is a segment?"), Message(role="user", text="And a shard?"))
        scene.conversations.conversation = Conversation(turns=said)
        await scene.handle()
        (asked,) = scene.answerer.questions
        assert (asked.text, asked.history) == ("And a shard?", said[:1])

    play(tmp_path, act, replace(A_QUESTION, text=""))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", WORDS.empty_question),
        ("hello", WORDS.help.format(name="milvusfaq")),
    ],
)
def test_what_is_no_question_is_told_so_without_a_search(tmp_path: Path, text: str, told: str) -> None:
    async def act(scene: Scene) -> None:
        ending = await scene.handle()
        assert isinstance(ending, Published)
        assert ending.entry.kind == "notice"
        (message,) = scene.destination.messages.values()
        assert message.blocks == [{"type": "markdown", "text": told}]
        assert scene.answerer.questions == []

    play(tmp_path, act, replace(A_QUESTION, text=text))


def test_an_answer_that_is_stopped_before_its_first_word_says_so(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        never = asyncio.Event()

        async def answer(*_: object, **__: object) -> Answer:
            await never.wait()
            raise AssertionError

        scene.answerer.answer = answer  # type: ignore[method-assign]
        ending = await scene.handle(stopped=True)
        assert isinstance(ending, Published)
        assert (ending.was_stopped, scene.destination.texts()) == (True, [WORDS.stopped])

    play(tmp_path, act)


def test_another_answer_names_how_it_came_and_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        first = await scene.handle()
        assert isinstance(first, Published)
        await scene.ledger.questions.finish(first.entry, State.ANSWERED)
        again = await scene.ledger.revisions.regenerate(A_QUESTION.ref, style="shorter")
        assert again
        scene.answerer.outcomes.append(Answer(text="Shorter.", citations=(), kind="grounded"))
        second = await scene.handle(again)
        assert isinstance(second, Published)
        assert (second.entry.posted, scene.destination.texts()) == (first.entry.posted, ["Shorter."])
        assert scene.answerer.questions[-1].before == "why?"
        (message,) = scene.destination.messages.values()
        assert WORDS.answered_shorter in str(message.blocks)

    play(tmp_path, act)


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (CannotPostError("is_archived", kind="archived"), CannotPost),
        (AskerUnreachableError("response_url answered 404"), Unreachable),
    ],
)
def test_a_place_that_takes_nothing_is_an_ending(tmp_path: Path, error: Exception, ending: type) -> None:
    async def act(scene: Scene) -> None:
        scene.placing.error = error
        assert isinstance(await scene.handle(), ending)

    play(tmp_path, act)


@pytest.mark.parametrize("error", [RetrievalError("Milvus is away."), SlackUnavailableError("Slack is away.")])
def test_what_may_pass_is_no_ending(tmp_path: Path, error: Exception) -> None:
    async def act(scene: Scene) -> None:
        scene.placing.error = error
        with pytest.raises(type(error)):
            await scene.handler.handle(scene.entry, asyncio.Event())
        assert scene.closer.endings == []

    play(tmp_path, act)


def test_a_question_of_another_process_is_not_attempted(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.ledger.deletion.delete(A_QUESTION.ref)
        with pytest.raises(LostLeaseError):
            await scene.handler.handle(scene.entry, asyncio.Event())
        assert scene.answerer.questions == []

    play(tmp_path, act)
