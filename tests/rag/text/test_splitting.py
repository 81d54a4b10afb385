"""Splitting long Markdown: nothing of it may be lost."""

from __future__ import annotations

import re

import pytest

from rag import split_markdown

FENCE = "```python\n" + "\n".join(f"line_{n} = {n}" for n in range(60)) + "\n```"


def test_short_text_stays_whole() -> None:
    assert split_markdown("one\n\ntwo", 100) == ["one\n\ntwo"]


def test_a_cut_falls_between_paragraphs() -> None:
    assert split_markdown("first paragraph\n\nsecond paragraph\n\nthird", 32) == [
        "first paragraph",
        "second paragraph\n\nthird",
    ]


def test_a_fence_is_not_cut_where_it_fits() -> None:
    text = f"before\n\n{FENCE}\n\nafter"
    pieces = split_markdown(text, len(FENCE) + 5)
    assert pieces == ["before", FENCE, "after"]


def test_a_blank_line_in_a_fence_is_no_paragraph_end() -> None:
    fence = "```\na\n\nb\n```"
    assert split_markdown(f"{fence}\n\nafter", len(fence)) == [fence, "after"]


def test_a_fence_that_must_be_cut_is_closed_and_opened_again() -> None:
    pieces = split_markdown(FENCE, 200)
    assert len(pieces) > 3
    for piece in pieces:
        assert piece.startswith("```python\n")
        assert piece.endswith("\n```")
        assert piece.count("```") == 2


@pytest.mark.parametrize("limit", [40, 100, 333])
@pytest.mark.parametrize(
    "text",
    ["word " * 300, "x" * 1_000, FENCE, "No end. " * 99, "漢字" * 400, "a\n\n\n\nb", f"- list\n- {FENCE}\n\ntail"],
    ids=["words", "one word", "fence", "sentences", "no spaces", "blank lines", "list"],
)
def test_nothing_is_lost_and_no_piece_is_too_long(text: str, limit: int) -> None:
    pieces = split_markdown(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)

    def letters(string: str) -> str:
        return re.sub(r"\s|```(?:python)?", "", string)

    assert letters("".join(pieces)) == letters(text)
