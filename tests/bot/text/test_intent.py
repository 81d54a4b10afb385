"""Intent: questions and remarks, in a support channel and in the midst of people's talk."""

# ruff: noqa: RUF001 - people write like that

from __future__ import annotations

import pytest

from bot.text.intent import is_question, is_request, small_talk
from tests.bot.text.intent_examples import QUESTIONS_IN_TALK, REMARKS, REQUESTS, TAKEN_FOR_REQUESTS


@pytest.mark.parametrize("text", REQUESTS)
def test_who_wants_something_is_heard_where_people_come_to_ask(text: str) -> None:
    assert is_request(text)


@pytest.mark.parametrize("text", [text for text in REMARKS if text not in TAKEN_FOR_REQUESTS])
def test_remarks_are_left_alone_there(text: str) -> None:
    assert not is_request(text)


@pytest.mark.parametrize("text", QUESTIONS_IN_TALK)
def test_a_question_is_one_in_the_midst_of_talk_too(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", REMARKS)
def test_nothing_else_that_people_say_to_each_other_is(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("thanks!", "thanks"),
        ("Thank you so much :pray:", "thanks"),
        ("Great, thanks", "thanks"),
        ("ok 👍", "thanks"),
        ("vielen Dank!", "thanks"),
        ("谢谢！", "thanks"),
        ("ありがとうございます。", "thanks"),
        ("شكرا", "thanks"),
        ("hi", "hello"),
        ("Good morning!", "hello"),
        ("help", "hello"),
        ("What can you do?", "hello"),
        ("ayuda", "hello"),
        ("帮助", "hello"),
        ("Mute.", "mute"),
        ("please mute this thread", "mute"),
        ("sei still", "mute"),
        ("unmute", "unmute"),
        ("thanks, but how do I drop a partition?", None),
        ("help with TLS", None),
        ("hello, why does it crash", None),
        ("mute the compaction log", None),
        ("", None),
        (":::::" * 1_000 + "x", None),
    ],
)
def test_small_talk_is_told_from_questions(text: str, kind: str | None) -> None:
    assert small_talk(text) == kind
