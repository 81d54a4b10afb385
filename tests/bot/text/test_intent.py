"""Intent: questions and remarks, in a support channel and in the midst of people's talk."""

# ruff: noqa: RUF001 - people write like that

from __future__ import annotations

import pytest

from bot.text.intent import is_question, may_want_person, small_talk
from tests.bot.text.intent_examples import QUESTIONS_IN_TALK, REMARKS


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


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("can a human look at this", True),
        ("get me someone from support", True),
        ("转人工", True),
        ("担当者につないでください", True),
        ("Ich möchte mit einem Menschen sprechen", True),
        ("quiero hablar con una persona", True),
        ("사람과 이야기하고 싶어요", True),
        ("how do I drop a partition", False),
        ("personal data in a collection", False),
    ],
)
def test_words_that_speak_of_a_person_may_want_one(text: str, *, may: bool) -> None:
    assert may_want_person(text) is may
