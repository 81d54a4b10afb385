"""Orders of several searches become one."""

from __future__ import annotations

from rag.retrieval.fusion import fuse, one_a_page
from tests.builders import make_passage

A, B, C = (make_passage(id_, path=f"{id_}.md") for id_ in "abc")
A2 = make_passage("a2", path="a.md")


def test_what_several_orders_hold_comes_first() -> None:
    assert fuse([[A, B, C]]) == [A, B, C]
    assert fuse([[A, B], [B, C]]) == [B, A, C]


def test_the_best_of_each_page_comes_before_its_others() -> None:
    assert one_a_page([A, A2, B]) == [A, B, A2]
