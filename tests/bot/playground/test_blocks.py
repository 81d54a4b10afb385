"""Blocks: all that the bot sends is shown on the page, with what a press has to bring."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.page.blocks import BlockRenderer
from bot.playground.page.panes import changes
from bot.rendering.action_ids import MUTE_ACTION
from bot.rendering.answer import AnswerContext, answer_messages
from bot.rendering.forms import ask_form, feedback_form
from bot.text.wording import wording
from rag import Answer, Citation
from tests.builders import A_PASSAGE

WORDS = wording()


def render(*blocks: dict[str, Any], errors: dict[str, str] | None = None) -> str:
    return str(BlockRenderer(names={"U1": "Ada"}, errors=errors or {}).blocks(list(blocks)))


@pytest.mark.parametrize(
    ("block", "html"),
    [
        ({"type": "divider"}, "<hr>"),
        ({"type": "header", "text": {"type": "plain_text", "text": "A & B"}}, "<h3>A &amp; B</h3>"),
        (
            {"type": "context", "elements": [{"type": "plain_text", "text": "<b>"}]},
            '<div class="context"><span>&lt;b&gt;</span></div>',
        ),
        (
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "text", "text": "[1] ", "style": {"bold": True}},
                            {"type": "user", "user_id": "U1"},
                        ],
                    },
                    {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a\nb"}]},
                ],
            },
            (
                '<div class="rich"><p><strong>[1] </strong><span class=name>@Ada</span></p>'
                "<blockquote>a<br>b</blockquote></div>"
            ),
        ),
    ],
)
def test_a_block_is_shown(block: dict[str, Any], html: str) -> None:
    assert render(block) == html


def test_a_block_that_is_not_known_is_shown_as_it_was_sent() -> None:
    assert "&#34;odd&#34;" in render({"type": "odd", "x": "<script>"})
    assert "<script>" not in render({"type": "odd", "x": "<script>"})


def test_every_block_of_an_answer_is_shown_and_its_buttons_bring_what_slack_would() -> None:
    answer = Answer(
        text="Kept [1].", citations=(Citation(number=1, passage=A_PASSAGE, snippet="It is kept."),), kind="grounded"
    )
    (message,) = answer_messages(answer, WORDS, AnswerContext(question="1.1", actions=(MUTE_ACTION,)))
    shown = render(*message.blocks)
    assert "Kept [1]." in shown
    assert f'href="{A_PASSAGE.url}"' in shown
    assert shown.count('data-kind="feedback_buttons"') == 2
    assert 'data-value="1.1"' in shown
    assert "<pre" not in shown, "no block is unknown"


@pytest.mark.parametrize(
    "form", [feedback_form(WORDS, private_metadata="{}"), ask_form(WORDS, "How is it kept?", private_metadata="{}")]
)
def test_every_field_of_a_form_is_shown_and_an_error_is_told_of_its_field(form: dict[str, Any]) -> None:
    first = form["blocks"][0]["block_id"]
    shown = render(*form["blocks"], errors={first: "Say more."})
    assert all(f'data-block="{block["block_id"]}"' in shown for block in form["blocks"])
    assert f'id="error-{first}">Say more.' in shown


def test_only_what_changed_is_sent() -> None:
    before = {"timeline": [("1", "a"), ("2", "b")], "thread": [("t1", "x")]}
    now = {"timeline": [("1", "a"), ("2", "c"), ("3", "d")], "thread": [("t1", "x")]}
    assert changes(before, now)["panes"] == {"timeline": {"keys": ["1", "2", "3"], "pieces": {"2": "c", "3": "d"}}}
    assert changes(before, before) == {}
    assert changes(before, {**before, "thread": []})["panes"] == {"thread": {"keys": [], "pieces": {}}}
