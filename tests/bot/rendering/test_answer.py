"""Answers as blocks: whole, within Slack's limits, and harmless."""

from __future__ import annotations

import pytest

from bot.playground.limits import refused_blocks
from bot.rendering.action_ids import (
    ESCALATE_ACTION,
    ESCALATE_ELSEWHERE_ACTION,
    MUTE_ACTION,
    REGENERATE_ACTIONS,
)
from bot.rendering.answer import AnswerContext, answer_messages, without_regenerate_buttons
from bot.rendering.blocks import notice_message, question_message
from bot.text.markdown import sanitize
from bot.text.wording import wording
from rag import Answer, Citation
from tests.builders import make_passage

WORDS = wording()
NASTY = [
    "<!channel> <!here> <!everyone>",
    "<@U0BOSS> <#C0SECRET>",
    "<http://evil.example|milvus.io>",
    "@channel @here @everyone",
    "<!subteam^S1>",
]


def make_answer(text: str, *, citations: int = 1, snippet: str = "a snippet") -> Answer:
    cited = tuple(Citation(number=n, passage=make_passage(str(n)), snippet=snippet) for n in range(1, citations + 1))
    return Answer(text=text, citations=cited, kind="grounded")


def test_an_answer_is_one_message_with_its_citations() -> None:
    (message,) = answer_messages(make_answer("It is *so* [1]."), WORDS, AnswerContext(question="1.2"))
    assert message.text == "It is *so* [1]."
    *shown, buttons = message.blocks
    assert buttons["type"] == "context_actions"
    assert shown == [
        {"type": "markdown", "text": "It is *so* [1]."},
        {"type": "context", "elements": [{"type": "plain_text", "text": "From the docs", "emoji": False}]},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "[1] ", "style": {"bold": True}},
                        {
                            "type": "link",
                            "url": "https://example.org/airlock#How-is-the-airlock-opened",
                            "text": "Spaceship FAQ > How is the airlock opened?",
                        },
                        {"type": "text", "text": "  Milvus 2.4"},
                    ],
                },
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a snippet"}]},
            ],
        },
    ]


def test_the_buttons_offered_stand_below_in_order_each_with_its_question_and_a_label() -> None:
    offered = (*REGENERATE_ACTIONS, ESCALATE_ACTION, MUTE_ACTION)
    (message,) = answer_messages(make_answer("So."), WORDS, AnswerContext(question="1.2", actions=offered))
    buttons = message.blocks[-1]["elements"]
    assert tuple(one["action_id"] for one in buttons) == offered
    assert {one["value"] for one in buttons} == {"1.2"}
    assert all(one["text"]["text"] for one in buttons)
    assert not any("confirm" in one for one in buttons)


def test_a_button_that_asks_before_others_has_to_be_confirmed() -> None:
    context = AnswerContext(question="1.2", actions=[ESCALATE_ELSEWHERE_ACTION])
    (message,) = answer_messages(make_answer("So."), WORDS, context)
    (button,) = message.blocks[-1]["elements"]
    assert button["confirm"]["text"]["text"] == WORDS.asks_openly


def test_an_earlier_answer_keeps_all_but_the_regenerate_buttons() -> None:
    offered = (*REGENERATE_ACTIONS, MUTE_ACTION)
    shown = answer_messages(make_answer("So."), WORDS, AnswerContext(question="1.2", actions=offered))
    (earlier,) = without_regenerate_buttons(shown)
    assert [one["action_id"] for one in earlier.blocks[-1]["elements"]] == [MUTE_ACTION]
    (message,) = answer_messages(make_answer("So."), WORDS, AnswerContext(question="1.2", actions=REGENERATE_ACTIONS))
    assert without_regenerate_buttons([message])[0].blocks == message.blocks[:-1]


@pytest.mark.parametrize(("version", "shown"), [("2.4", "  Milvus 2.4, veraltete Seite"), ("", "  veraltete Seite")])
def test_a_deprecated_page_is_marked_in_the_askers_language(version: str, shown: str) -> None:
    citation = Citation(number=1, passage=make_passage(version=version, deprecated=True), snippet="")
    answer = Answer(text="So [1].", citations=(citation,), kind="grounded")
    (message,) = answer_messages(answer, wording("de-DE"), AnswerContext(question="1.2"))
    assert message.blocks[2]["elements"][0]["elements"][-1]["text"] == shown


@pytest.mark.parametrize("text", NASTY)
def test_nothing_pings_and_no_link_lies(text: str) -> None:
    broken = sanitize(text)
    for ping in ("<!", "<@", "<#", "<http", "@channel", "@here", "@everyone"):
        assert ping not in broken
    assert broken.replace("\u200b", "") == text


@pytest.mark.parametrize("text", NASTY)
def test_the_plain_text_beside_the_blocks_is_escaped(text: str) -> None:
    answer = answer_messages(make_answer(text), WORDS, AnswerContext(question="1.2"))
    for message in (*answer, notice_message(text), question_message("U1", text, WORDS)):
        assert "<!" not in message.text
        assert "<@" not in message.text.removeprefix("<@U1>")
        assert "<http" not in message.text


@pytest.mark.parametrize("citations", [0, 5, 20, 60])
@pytest.mark.parametrize(
    "text",
    ["short", "word " * 8_000, "```\n" + "code\n" * 5_000 + "```", "x" * 100_000, "@here " * 2_000, "a\n\n" * 3_000],
    ids=["short", "long", "code", "one word", "pings", "paragraphs"],
)
def test_every_message_is_within_slacks_limits_and_nothing_is_cut(text: str, citations: int) -> None:
    messages = answer_messages(
        make_answer(text, citations=citations, snippet="s" * 240), WORDS, AnswerContext(question="1.2")
    )
    shown = "".join(b["text"] for message in messages for b in message.blocks if b["type"] == "markdown")
    for message in messages:
        assert refused_blocks(message.blocks) is None
        assert 0 < len(message.text) <= 4_000 * 5
    letters = [character for character in shown if character.isalnum()]
    wanted = [character for character in text if character.isalnum()]
    assert letters == wanted
    assert sum(block["type"] == "rich_text" for message in messages for block in message.blocks) == citations


def test_an_answer_without_text_still_says_something() -> None:
    (message,) = answer_messages(make_answer("", citations=0), WORDS, AnswerContext(question="1.2"))
    assert message.blocks[0] == {"type": "markdown", "text": "The docs do not hold an answer to this."}


def test_a_question_is_shown_word_for_word() -> None:
    message = question_message("U1", "<!channel> *why* `x`?", WORDS)
    assert message.blocks[0]["elements"][0]["elements"][-1] == {"type": "text", "text": "<!channel> *why* `x`?"}
