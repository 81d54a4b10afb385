"""Parsing: what is a question, and what is ignored."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain import Ignored, MessageRef, SlackQuestion, UnreadFile
from bot.listeners.parsing import MessageParser, edited_message
from tests.builders import BOT

EVENT = {"channel": "C1", "ts": "2.0", "user": "U1", "text": "<@U0BOT> why?", "team": "T1", "channel_type": "channel"}
FORM = {
    "channel": "C2",
    "ts": "2.0",
    "subtype": "bot_message",
    "text": "Who: <@U1>\nWhat: inserts are rejected",
    "bot_id": "B0FORM",
    "app_id": "A0FORM",
    "workflow_id": "Wf0FORM",
}
PARSER = MessageParser(bot=BOT, support_channels={"C2": "questions", "C4": "mentions"})


def test_a_mention_and_its_message_are_one_question() -> None:
    mention, message = PARSER.parse({**EVENT, "type": "app_mention"}), PARSER.parse(EVENT)
    expected = SlackQuestion(team="T1", channel="C1", ts="2.0", thread_ts="2.0", user="U1", text="why?", user_team="T1")
    assert mention == message == expected
    assert expected.ref == MessageRef("T1", "C1", "2.0")


def test_a_reply_is_answered_in_its_thread() -> None:
    question = PARSER.parse({**EVENT, "thread_ts": "1.0"})
    assert isinstance(question, SlackQuestion)
    assert (question.thread_ts, question.has_earlier_messages) == ("1.0", True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bot_id": "B0BOT"}, "from a bot"),
        ({"user": "U0BOT"}, "from a bot"),
        ({"app_id": "A0APP", "bot_id": "B1"}, "from a bot"),
        ({"bot_id": "B1"}, "from an app that is not allowed to ask"),
        ({"bot_id": "B1", "metadata": {"event_type": "milvusfaq_answer"}}, "from an app that is not allowed to ask"),
        ({"user": None}, "from an app that is not allowed to ask"),
        ({"user": "USLACKBOT"}, "from Slack"),
        ({"is_ephemeral": True}, "from Slack"),
        ({"subtype": "huddle_thread"}, "an edit or another kind of message"),
        ({"subtype": "message_changed"}, "an edit or another kind of message"),
        ({"subtype": "message_deleted"}, "an edit or another kind of message"),
        ({"edited": {"user": "U1", "ts": "3.0"}}, "an edit or another kind of message"),
    ],
)
def test_what_no_person_has_just_written_is_ignored(changes: dict[str, Any], reason: str) -> None:
    assert PARSER.parse({**EVENT, **changes}) == Ignored(reason)  # type: ignore[arg-type]


def test_a_post_that_an_app_made_for_a_user_is_a_persons_where_slack_says_so() -> None:
    posted = {**EVENT, "bot_id": "B1", "app_id": "A1"}
    assert isinstance(PARSER.parse(posted, is_by_person=True), SlackQuestion)
    assert isinstance(PARSER.parse(posted), Ignored)


@pytest.mark.parametrize("allowed", ["B0FORM", "A0FORM", "Wf0FORM"])
def test_an_app_that_is_allowed_to_ask_asks_for_whom_it_names(allowed: str) -> None:
    parser = MessageParser(bot=BOT, support_channels={"C2": "questions"}, answer_apps={allowed})
    question = parser.parse(FORM)
    assert isinstance(question, SlackQuestion)
    assert (question.origin, question.user, question.thread_ts) == ("support", "U1", "2.0")
    assert "inserts are rejected" in question.text


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({"text": "<@U0BOT> how are roles made?", "channel": "C9"}, ("mention", "")),
        ({"text": "no name", "channel": "C2"}, ("support", "")),
        ({"channel": "C9"}, "not addressed"),
        ({"channel": "C2", "thread_ts": "1.0"}, "not addressed"),
        ({"channel": "C4"}, "only mentions are answered here"),
        ({"text": ""}, "asks nothing"),
    ],
)
def test_where_an_app_may_ask(changes: dict[str, Any], read: tuple[str, str] | str) -> None:
    parser = MessageParser(bot=BOT, support_channels=PARSER.support_channels, answer_apps={"A0FORM"})
    question = parser.parse({**FORM, **changes})
    told = question.reason if isinstance(question, Ignored) else (question.origin, question.user)
    assert told == read


def test_a_question_knows_its_askers_workspace_and_what_was_not_read() -> None:
    picture = {"id": "F1", "name": "a.png", "mimetype": "image/png", "mode": "hosted"}
    question = PARSER.parse({**EVENT, "user_team": "T0OTHER", "files": [picture]})
    assert isinstance(question, SlackQuestion)
    assert (question.user_team, question.files) == ("T0OTHER", (UnreadFile("F1", "a.png"),))


def test_a_change_is_an_edit_where_a_person_sees_other_words() -> None:
    def changed(message: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        message = {"ts": "2.0", "user": "U1", "edited": {"ts": "3.0"}, **message}
        return {"subtype": "message_changed", "channel": "C1", "message": message, "previous_message": before}

    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "61 GB"}]]}
    preview = {"original_url": "https://x.org", "text": "another page"}
    assert edited_message(changed({"text": "why?"}, {"text": "how?"}))
    assert edited_message(changed({"text": "why?", "attachments": [{"blocks": [table]}]}, {"text": "why?"}))
    assert not edited_message(changed({"text": "why?", "attachments": [preview]}, {"text": "why?"}))
    assert not edited_message(changed({"text": "why?", "subtype": "tombstone"}, {"text": "how?"}))
