"""Parsing: what is a question, and what is ignored."""

from __future__ import annotations

import pytest

from bot.domain import Ignored, MessageRef, SlackQuestion
from bot.listeners.parsing import read_mention, read_message

EVENT = {"channel": "C1", "ts": "2.0", "user": "U1", "text": "<@U0BOT> why?", "team": "T1", "channel_type": "channel"}


def test_a_mention_and_its_message_are_one_question() -> None:
    mention, message = read_mention(EVENT, bot_user="U0BOT"), read_message(EVENT, bot_user="U0BOT")
    expected = SlackQuestion(team="T1", channel="C1", ts="2.0", thread_ts="2.0", user="U1", text="why?")
    assert mention == message == expected
    assert expected.ref == MessageRef("T1", "C1", "2.0")


def test_a_reply_is_answered_in_its_thread() -> None:
    question = read_mention({**EVENT, "thread_ts": "1.0"}, bot_user="U0BOT")
    assert isinstance(question, SlackQuestion)
    assert (question.thread_ts, question.has_earlier_messages) == ("1.0", True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bot_id": "B1"}, "from a bot"),
        ({"user": "U0BOT"}, "from a bot"),
        ({"user": None}, "from a bot"),
        ({"subtype": "message_changed"}, "an edit or another kind of message"),
        ({"subtype": "message_deleted"}, "an edit or another kind of message"),
        ({"edited": {"user": "U1", "ts": "3.0"}}, "an edit or another kind of message"),
    ],
)
def test_what_no_person_has_just_written_is_ignored(changes: dict[str, object], reason: str) -> None:
    assert read_message({**EVENT, **changes}, bot_user="U0BOT") == Ignored(reason)  # type: ignore[arg-type]
