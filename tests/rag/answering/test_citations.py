"""Citations: marks and snippets."""

from __future__ import annotations

import pytest

from rag.answering.citations import SNIPPET_CHARACTERS, cite, drop_false_marks, snippet, stable_prefix
from tests.builders import make_passages

FILLER = "Words that say nothing of it. " * 12
PASSAGES = make_passages(
    f"Alpha is one. {FILLER}Beta counts as two.", "Gamma is three: https://known.example/a#b.", "Delta is four."
)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a [1] b", "a [1] b"),
        ("a [0] b [4] c [99].", "a b c."),
        ("a [1, 3] b [1-3] c [2;7]", "a [1][3] b [1][2][3] c [2]"),
        ("a 【2】 b [^3]", "a [2] b [3]"),
        ("a [1](http://evil.example) b", "a [1] b"),
        ("`x[0]` and ``y`[9]`` but [9]", "`x[0]` and ``y`[9]`` but"),
        ("```py\nx[0]\n```\nso [1]", "```py\nx[0]\n```\nso [1]"),
        ("~~~\nx[0]\n", "~~~\nx[0]\n"),
        ("{braces} and [words] stay [1]", "{braces} and [words] stay [1]"),
        ("[1][2][8]", "[1][2]"),
        ("see https://evil.example/x. Or <https://evil.example>, [1]", "see . Or , [1]"),
        (
            "see [the page](https://evil.example/x) and [ours](https://known.example/a#b)",
            "see the page and [ours](https://known.example/a#b)",
        ),
        (
            "https://known.example/a#b, then http://localhost:19530.",
            "https://known.example/a#b, then http://localhost:19530.",
        ),
        ("`curl https://evil.example` [2]", "`curl https://evil.example` [2]"),
    ],
)
def test_only_marks_with_a_passage_stay(written: str, kept: str) -> None:
    assert drop_false_marks(written, PASSAGES) == kept


@pytest.mark.parametrize(
    "text",
    [
        "Milvus stores `a[0]` data [1] in MinIO [99]. And [2] more.\n```py\nx[0]\n```\nend [3] and [link](http://x)",
        "x [1](http://a b) [2 [3] ] [4",
        "```\nopen [0]",
        "【2】 `` a`[0] `` [9] end",
        "See https://evil.example/x and [ours](https://known.example/a#b) or [no](https://evil.example). h http",
    ],
)
def test_what_was_shown_of_a_growing_answer_is_never_taken_back(text: str) -> None:
    shown = ""
    for length in range(len(text) + 1):
        now = stable_prefix(text[:length], PASSAGES)
        assert now.startswith(shown)
        shown = now
    assert drop_false_marks(text, PASSAGES).startswith(shown)


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


def test_marks_of_more_passages_than_may_be_shown_go_as_the_text_grows() -> None:
    text = "One [2]. Two [3][2]. Three [1]. Four [3]."
    kept = "One [2]. Two [3][2]. Three. Four [3]."
    assert drop_false_marks(text, PASSAGES, most=2) == kept
    assert [citation.number for citation in cite(text, PASSAGES, most=2).citations] == [2, 3]
    assert len(cite("It is two.", PASSAGES, most=2).citations) == 2
    for length in range(len(text)):
        assert kept.startswith(stable_prefix(text[:length], PASSAGES, most=2))
