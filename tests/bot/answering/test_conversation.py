"""The thread before a question: who has said what in it, and what is done where Slack does not show it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.answering.conversation import Conversation, ConversationReader, thread_unread_line, turns_before
from bot.ledger import open_ledger
from bot.slack.client import open_client, without_retries
from bot.slack.errors import CannotPostError, RateLimitedError, SlackRefusedError
from tests.bot.fakes import WORDS, FakeUsers
from tests.builders import A_QUESTION, BOT
from tests.standins.slack import BOT_TOKEN, Failure, SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.domain import SlackQuestion
    from bot.slack.users import Users

USERS = cast("Users", FakeUsers())
QUESTION = replace(A_QUESTION, ts="9.0", thread_ts="1.0")


@pytest.mark.parametrize(
    ("message", "turn"),
    [
        ({"user": "U1", "text": "it is slow"}, "user: it is slow"),
        ({"user": "U1", "text": "", "files": [{"mode": "snippet", "name": "a", "preview": "E1"}]}, "user: a:\nE1"),
        ({"user": "U0BOT", "text": "so &amp; so", "bot_id": "B0BOT"}, "assistant: so & so"),
        ({"user": "U9", "text": "so", "app_id": "A0APP", "bot_id": "B9"}, "assistant: so"),
        ({"user": "U0BOT", "text": "", "metadata": {"event_type": "milvusfaq_notice"}}, None),
        ({"bot_id": "B1", "subtype": "bot_message", "username": "Grafana", "text": "down"}, "user: Grafana:\ndown"),
        ({"user": "U9", "bot_id": "B1", "text": "down"}, "user: down"),
        ({"bot_id": "B1", "subtype": "bot_message", "text": ""}, None),
        ({"user": "USLACKBOT", "text": "a reminder"}, None),
        ({"user": "U1", "subtype": "channel_join", "text": "has joined"}, None),
        ({"user": "USLACKBOT", "subtype": "tombstone", "text": "This message was deleted."}, None),
    ],
)
def test_who_says_what_at_a_threads_root(message: dict[str, Any], turn: str | None) -> None:
    turns = turns_before(QUESTION, [{"ts": "1.0", **message}, {"ts": "9.5", "user": "U1", "text": "later"}], BOT)
    assert [f"{one.role}: {one.text}" for one in turns] == ([turn] if turn else [])


def test_what_apps_say_further_down_is_no_turn() -> None:
    assert turns_before(QUESTION, [{"ts": "2.0", "bot_id": "B1", "user": "U9", "text": "deployed"}], BOT) == ()


def test_a_commands_question_is_read_from_what_stands_there() -> None:
    words = [{"type": "user", "user_id": "U1"}, {"type": "text", "text": " asked: "}, {"type": "text", "text": "why?"}]
    blocks = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": words}]}]
    metadata = {"event_type": "milvusfaq_question", "event_payload": {"user": "U1", "key": "command 1"}}
    root = {"ts": "1.0", "user": "U0BOT", "text": "<@U1> asked: why?", "blocks": blocks, "metadata": metadata}
    assert [one.text for one in turns_before(QUESTION, [root], BOT)] == ["why?"]


def read(
    slack: SlackStandIn, folder: Path, act: Callable[[ConversationReader, SlackQuestion], Awaitable[None]]
) -> None:
    """Read a thread of two messages before the question."""
    channel = slack.new_channel()
    first = slack.say(channel, "it is slow")
    slack.say(channel, "very slow", thread_ts=first)
    asked = replace(A_QUESTION, channel=channel, thread_ts=first, ts=slack.say(channel, "why?", thread_ts=first))

    async def scenario() -> None:
        url = f"sqlite:///{folder / 'ledger.sqlite3'}"
        async with open_client(BOT_TOKEN, slack.api_url) as client, open_ledger(url) as ledger:
            await act(ConversationReader(client=without_retries(client), ledger=ledger, users=USERS, bot=BOT), asked)

    asyncio.run(scenario())


def limited(seconds: int) -> Failure:
    return Failure("ratelimited", status=429, retry_after=seconds)


def test_through_a_limit_that_lasts_the_answer_goes_on_without_the_thread(
    slack: SlackStandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(reader: ConversationReader, question: SlackQuestion) -> None:
        slack.fail("conversations.replies", limited(60))
        for _ in range(3):
            conversation = await reader.read(question)
            assert isinstance(conversation.refusal, SlackRefusedError)
            assert conversation.turns == ()
        reader.limit.until = 0.0
        assert len((await reader.read(question)).turns) == 2

    caplog.set_level(logging.WARNING)
    read(slack, tmp_path, act)
    assert len([record for record in caplog.records if "Slack lets no thread be read" in record.message]) == 1
    assert len(slack.calls_of("conversations.replies")) == 1  # one was refused, two were not made


def test_a_short_limit_is_waited_for(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act(reader: ConversationReader, question: SlackQuestion) -> None:
        slack.fail("conversations.replies", limited(1))
        with pytest.raises(RateLimitedError):
            await reader.read(question)
        assert (await reader.read(question)) == Conversation((await reader.read(question)).turns)

    read(slack, tmp_path, act)


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (CannotPostError("not_in_channel", kind="not_a_member"), "/invite @milvusfaq"),
        (CannotPostError("missing_scope", kind="scope"), "I lack a permission"),
        (SlackRefusedError("ratelimited"), "ratelimited"),
    ],
)
def test_the_asker_is_told_why(refusal: SlackRefusedError, told: str) -> None:
    assert told in thread_unread_line(refusal, WORDS, bot_name="milvusfaq")
