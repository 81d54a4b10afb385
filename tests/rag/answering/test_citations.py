"""Citations: marks and snippets."""

from __future__ import annotations

import pytest

from rag.answering.citations import SNIPPET_CHARACTERS, cite, snippet
from tests.builders import make_passages

FILLER = "Words that say nothing of it. " * 12
PASSAGES = make_passages(
    f"Alpha is one. {FILLER}Beta counts as two.", "Gamma is three: https://known.example/a#b.", "Delta is four."
)


def test_a_citation_shows_the_sentence_that_the_statement_rests_on() -> None:
    answer = cite("Beta is two, as they say [1]. Gamma differs [2].", PASSAGES)
    first, second = (citation.snippet for citation in answer.citations)
    assert first.endswith("Beta counts as two.")
    assert "Alpha" not in first
    assert second == "Gamma is three: https://known.example/a#b."


def test_an_answer_without_marks_lists_what_the_model_was_given_and_says_so() -> None:
    answer = cite("It is two.", PASSAGES)
    assert [c.number for c in answer.citations] == [1, 2, 3]
    assert answer.notice == "The model marked no source; these are the passages that it was given."


@pytest.mark.parametrize(
    "text",
    [
        "One sentence only",
        "word " * 200,
        "```python\nprint('a')\n```",
        "- item one\n- item two. And on!\n\n| a | b |\n| - | - |",
        "没有空格的句子。第二句。",
        "x" * 1000,
    ],
)
def test_a_snippet_stands_verbatim_in_its_passage(text: str) -> None:
    cut = snippet(text, near="item second print")
    assert cut
    assert cut in text
    assert len(cut) <= SNIPPET_CHARACTERS


def test_without_marks_no_more_passages_are_listed_than_an_answer_shows() -> None:
    assert len(cite("It is two.", PASSAGES, most=2).citations) == 2
