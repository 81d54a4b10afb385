"""Blocks for where Slack takes no Markdown: whole, and within its limits once they are escaped."""

from __future__ import annotations

import pytest

from bot.domain import SlackMessage
from bot.rendering.blocks import markdown_block, small_print, text_message, without_markdown


@pytest.mark.parametrize("text", ["a & b < c " * 600, "&" * 5_000, "```\n" + "x && y > z\n" * 500 + "```"])
def test_a_section_is_cut_after_it_is_escaped(text: str) -> None:
    sections = without_markdown([markdown_block(text)])
    shown = [section["text"]["text"] for section in sections]
    assert all(len(one) <= 3_000 for one in shown)
    assert sum(one.count("&amp;") for one in shown) == text.count("&")


def test_as_text_alone_a_message_keeps_all_of_its_words() -> None:
    link = {"type": "link", "url": "https://example.org/a", "text": "A & B"}
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a snippet"}]}
    cited = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [link]}, quote]}
    buttons = {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Mute"}}]}
    blocks = [markdown_block("It is **so** [1]."), small_print("From the docs"), cited, buttons]
    message = text_message(SlackMessage(text="short", blocks=blocks))
    assert message.blocks == []
    for words in ("It is *so* [1].", "From the docs", "<https://example.org/a|A &amp; B>", "a snippet"):
        assert words in message.text
    assert "Mute" not in message.text
