"""Publishing: each message of an answer stands once, in place of what stood there, whatever was heard of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from bot.domain import SlackMessage
from bot.ledger import LostLeaseError, Outcome, State, open_ledger
from bot.posting import publishing
from bot.posting.publishing import AnswerPublisher
from bot.slack.errors import RateLimitedError, SlackRefusedError, SlackUnavailableError
from tests.bot.fakes import WORDS, FakeDestination, FakeUsers
from tests.builders import A_QUESTION, BOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.ledger import Entry, Ledger
    from bot.slack.users import Users

ONE, TWO = (SlackMessage(text=text, blocks=[{"type": "markdown", "text": text}]) for text in ("one", "two"))


@pytest.fixture(autouse=True)
def _settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "SETTLED_AFTER_S", 0.0)


def publish(folder: Path, scene: Callable[[Ledger, Entry, AnswerPublisher], Awaitable[None]]) -> None:
    """Run a scene with an answer of two messages that is kept and not posted yet."""

    async def run() -> None:
        async with open_ledger(f"sqlite:///{folder / 'ledger.sqlite3'}") as ledger:
            entry = await ledger.questions.accept(A_QUESTION)
            assert entry
            entry = await ledger.questions.start_attempt(entry)
            entry = await ledger.questions.record_answer(entry, [ONE, TWO], Outcome(kind="grounded"))
            await scene(ledger, entry, AnswerPublisher(ledger, BOT, cast("Users", FakeUsers())))

    asyncio.run(run())


def test_every_message_is_posted_once_in_order(tmp_path: Path) -> None:
    async def scene(_: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination()
        entry = await publisher.publish(entry, destination, look_first=False)
        assert destination.texts() == ["one", "two"]
        assert list(entry.posted.values()) == list(destination.messages)

    publish(tmp_path, scene)


def test_what_stands_unheard_is_found_and_not_posted_again(tmp_path: Path) -> None:
    async def scene(_: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination(already_posted={0: "1.1"})
        entry = await publisher.publish(entry, destination, look_first=True)
        assert destination.texts() == ["two"]
        assert entry.posted[0] == "1.1"

    publish(tmp_path, scene)


def test_messages_from_before_are_replaced_and_those_too_many_go(tmp_path: Path) -> None:
    async def scene(_: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination(messages=dict.fromkeys(("1.1", "1.2", "1.3"), ONE))
        entry = replace(entry, to_replace=("1.1", "1.2", "1.3"))
        entry = await publisher.publish(entry, destination, look_first=False)
        assert (entry.posted, destination.retracted) == ({0: "1.1", 1: "1.2"}, ["1.3"])
        assert destination.texts() == ["one", "two"]

    publish(tmp_path, scene)


def test_a_stream_of_which_nobody_heard_becomes_the_first_message(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination(unfinished=["1.1", "1.2"])
        entry = await ledger.questions.record_starting_stream(entry)
        entry = await publisher.publish(entry, destination, look_first=False)
        assert entry.posted[0] == "1.1"
        assert destination.messages["1.1"] == ONE

    publish(tmp_path, scene)


def test_an_answer_made_anew_takes_the_place_of_one_that_nobody_heard_of(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        await ledger.questions.finish(entry, State.ANSWERED)
        again = await ledger.revisions.regenerate(A_QUESTION.ref, style="shorter")
        assert again
        again = await ledger.questions.start_attempt(again)
        again = await ledger.questions.record_answer(again, [TWO], Outcome(kind="grounded"))
        destination = FakeDestination(before=["1.1"])
        again = await publisher.publish(again, destination, look_first=False)
        assert again.posted == {0: "1.1"}

    publish(tmp_path, scene)


def test_a_busy_channel_is_waited_for(tmp_path: Path) -> None:
    async def scene(_: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination()
        destination.fails += [RateLimitedError(0.0), RateLimitedError(0.0)]
        await publisher.publish(entry, destination, look_first=False)
        assert destination.texts() == ["one", "two"]

    publish(tmp_path, scene)


def test_who_has_lost_the_question_while_a_channel_was_busy_posts_no_more(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination()
        destination.fails.append(RateLimitedError(0.0))
        await ledger.deletion.delete(A_QUESTION.ref)
        with pytest.raises(LostLeaseError):
            await publisher.publish(entry, destination, look_first=False)
        assert destination.texts() == []

    publish(tmp_path, scene)


def test_between_two_messages_it_is_made_sure_that_the_question_is_still_ours(tmp_path: Path) -> None:
    async def scene(ledger: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination()
        await ledger.deletion.delete(A_QUESTION.ref)
        with pytest.raises(LostLeaseError):
            await publisher.publish(entry, destination, look_first=False)
        assert destination.texts() == ["one"]

    publish(tmp_path, scene)


def test_blocks_that_slack_refuses_are_shown_more_plainly(tmp_path: Path) -> None:
    async def scene(_: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination()
        destination.fails.append(SlackRefusedError("invalid_blocks"))
        await publisher.publish(entry, destination, look_first=False)
        plain, other = destination.messages.values()
        assert [block["type"] for block in plain.blocks] == ["section"]
        assert other == TWO

    publish(tmp_path, scene)


def test_where_slack_takes_no_blocks_at_all_the_words_are_posted_alone(tmp_path: Path) -> None:
    async def scene(_: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination()
        destination.fails += [SlackRefusedError("invalid_blocks"), SlackRefusedError("invalid_blocks")]
        await publisher.publish(entry, destination, look_first=False)
        plain, _two = destination.messages.values()
        assert (plain.text, plain.blocks) == ("one", [])

    publish(tmp_path, scene)


@pytest.mark.parametrize("code", ["edit_window_closed", "cant_update_message", "msg_too_long", "odd_news"])
def test_what_can_not_be_changed_is_posted_anew_and_the_old_one_goes(tmp_path: Path, code: str) -> None:
    async def scene(_: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination(messages={"1.1": TWO})
        destination.fails.append(SlackRefusedError(code))
        entry = await publisher.publish(replace(entry, to_replace=("1.1",)), destination, look_first=False)
        assert destination.texts() == ["one", "two"]
        assert destination.retracted == ["1.1"]
        assert "1.1" not in entry.posted.values()

    publish(tmp_path, scene)


def test_an_old_answer_that_can_not_be_deleted_says_that_it_was_replaced(tmp_path: Path) -> None:
    async def scene(_: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination(messages={"1.1": TWO}, undeletable={"1.1"})
        destination.fails.append(SlackRefusedError("edit_window_closed"))
        await publisher.publish(replace(entry, to_replace=("1.1",)), destination, look_first=False)
        assert destination.texts() == [WORDS.replaced, "one", "two"]

    publish(tmp_path, scene)


@pytest.mark.parametrize("error", [SlackRefusedError("is_archived"), SlackUnavailableError("Slack can't be reached.")])
def test_other_failures_are_the_workers_to_decide(tmp_path: Path, error: Exception) -> None:
    async def scene(_: Ledger, entry: Entry, publisher: AnswerPublisher) -> None:
        destination = FakeDestination()
        destination.fails.append(error)
        with pytest.raises(type(error)):
            await publisher.publish(entry, destination, look_first=False)

    publish(tmp_path, scene)
