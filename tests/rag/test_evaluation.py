"""Evaluation: figures computed by hand, and compared."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rag import Question, RagError
from rag.evaluation import Case, Score, Scored, difference, interval, read_run, run_line, score, summarise
from tests.builders import make_passage

if TYPE_CHECKING:
    from pathlib import Path


def make_case(*relevant: str, kind: str = "user") -> Case:
    return Case(id="a", kind=kind, scope="faq", question=Question(text="?"), relevant=relevant)


A, B, C = (make_passage(path="p.md", headings=("Above", h)) for h in ("A `x`", "B", "C"))


def test_a_hit_at_rank_two() -> None:
    figures = score(make_case("p.md#B"), [A, B, C], {"p.md"})
    assert figures == Score(hit3=1.0, hit5=1.0, mrr=0.5, ndcg=1 / math.log2(3))


def test_two_sections_found_first_and_third() -> None:
    figures = score(make_case("p.md#A x", "p.md#C"), [A, B, C], {"p.md"})
    assert figures is not None
    ideal = 1 + 1 / math.log2(3)
    assert figures.mrr == 1.0
    assert figures.ndcg == pytest.approx((1 + 1 / math.log2(4)) / ideal)


def test_the_same_section_twice_counts_once() -> None:
    figures = score(make_case("p.md#B", "p.md#C"), [B, B, C], {"p.md"})
    assert figures is not None
    assert figures.ndcg == pytest.approx((1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3)))


def test_the_right_heading_on_another_page_is_no_hit() -> None:
    assert score(make_case("q.md#B"), [B], {"p.md", "q.md"}) == Score(hit3=0, hit5=0, mrr=0, ndcg=0)


def test_a_hit_at_rank_four_is_not_in_the_first_three() -> None:
    figures = score(make_case("p.md#B"), [A, A, A, B], {"p.md"})
    assert figures is not None
    assert (figures.hit3, figures.hit5, figures.mrr) == (0.0, 1.0, 0.25)


def test_a_row_whose_pages_are_not_ingested_is_left_out() -> None:
    assert score(make_case("q.md#B"), [B], {"p.md"}) is None
    assert score(make_case(), [B], {"p.md"}) is None


def test_means_are_by_kind_and_scope() -> None:
    one, nil = Score(hit3=1, hit5=1, mrr=1, ndcg=1), Score(hit3=0, hit5=0, mrr=0, ndcg=0)
    rows = [Scored(case=make_case(kind="user"), score=one), Scored(case=make_case(kind="typo"), score=nil)]
    foreign = Scored(case=replace(make_case(kind="multilingual"), language="de"), score=nil)
    assert summarise([*rows, foreign]) == {
        "all": [*rows, foreign],
        "English": rows,
        "user": rows[:1],
        "typo": rows[1:],
        "multilingual": [foreign],
        "scope faq": [*rows, foreign],
    }


def test_an_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    few, many = interval([1.0, 0.0] * 10), interval([1.0, 0.0] * 500)
    assert few[0] < many[0] < 0.5 < many[1] < few[1]
    assert interval([1.0] * 9) == (1.0, 1.0)
    mean, low, high = difference([(1.0, 0.0)] * 8 + [(0.0, 1.0)] * 2)
    assert mean == pytest.approx(0.6)
    assert low < 0.6 < high


def test_a_run_that_was_written_is_read_again_and_scored_alike(tmp_path: Path) -> None:
    case, found = make_case("p.md#B"), [A, B, replace(C, headings=())]
    (tmp_path / "run.jsonl").write_text(run_line(case, found) + "\n")
    again = read_run(tmp_path / "run.jsonl")
    assert score(case, again["a"], {"p.md"}) == score(case, found, {"p.md"})
    (tmp_path / "run.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(RagError, match="is no run"):
        read_run(tmp_path / "run.jsonl")
