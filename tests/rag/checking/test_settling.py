"""A reply settled statement by statement."""

from __future__ import annotations

import pytest

from rag.checking.checker import Checker
from rag.checking.evidence import evidence
from rag.checking.settling import Settler
from rag.checking.statements import pieces
from rag.checking.values import looked

PASSAGES = [
    evidence("Store", "Vectors are kept in the object store. It listens on port 9000: https://known.example/a#b."),
    evidence("Meta", "Schemas are kept in etcd. A lease there lasts 60 seconds."),
    evidence("Log", "The log keeps each insert until it is flushed."),
]


def settler(most: int = 3) -> Settler:
    checker = Checker(passages=PASSAGES, said=looked("how many seconds?"))
    return Settler(checker=checker, known=frozenset({"https://known.example/a#b"}), most=most)


def settled(text: str, most: int = 3) -> str:
    one = settler(most)
    one.finish(text)
    return one.text()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Vectors are kept in the object store [1].", "Vectors are kept in the object store [1]."),
        ("Vectors are kept in the object store [Passage 1].", "Vectors are kept in the object store [1]."),
        ("Vectors are kept in the object store [3].", "Vectors are kept in the object store [1]."),
        ("Vectors are kept in the object store.", "Vectors are kept in the object store [1]."),
        ("Vectors are kept in the object store [9].", "Vectors are kept in the object store [1]."),
        (
            "- Schemas are kept in etcd\n- The log keeps inserts",
            "- Schemas are kept in etcd [2]\n- The log keeps inserts [3]",
        ),
        (
            "Vectors are in the object store [1], schemas in etcd [2].",
            "Vectors are in the object store [1], schemas in etcd [2].",
        ),
        ("A lease in etcd lasts 90 seconds [2].", "A lease in etcd lasts 90 seconds [2]. ⚠️"),
        ("It listens on port 9000, see https://evil.example/x [1].", "It listens on port 9000, see [1]."),
        (
            "Here is how:\n\n```\nx[0]\n```\nSchemas are kept in etcd [2].",
            "Here is how:\n\n```\nx[0]\n```\nSchemas are kept in etcd [2].",
        ),
        ("```py\nstore.warm_up()\n```", "```py\nstore.warm_up()\n```\n⚠️"),
        ("Die Schemas liegen in etcd\uff3b2\uff3d。", "Die Schemas liegen in etcd[2]。"),
        ("| a | b |\n| --- | --- |\n| schemas | etcd [2] |", "| a | b |\n| --- | --- |\n| schemas | etcd [2] |"),
    ],
)
def test_marks_go_where_a_passage_holds_the_statement(written: str, said: str) -> None:
    assert settled(written) == said


def test_no_more_passages_are_cited_than_an_answer_may_show() -> None:
    text = "Vectors are kept in the object store [1]. Schemas are kept in etcd [2]. The log keeps each insert [3]."
    assert settled(text, most=2).endswith("Schemas are kept in etcd [2]. The log keeps each insert.")


TEXTS = [
    "Vectors are in the object store `a[0]` [1] or MinIO [99]. Schemas: etcd.\n```py\nx[0]\n```\n(see passage 3).",
    "x [1](http://a b) [2 [3] ] [4\n\n| a | b [1] |\n- one. two [2]\n\n**Bold.** h http",
    "```\nopen [0]",
    "See https://evil.example/x, [ours](https://known.example/a#b) or [no](https://evil.example). It lasts 90 seconds.",
    "数据保存在 etcd 中\uff3b2\uff3d。下一句 【1】",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_shown_of_a_growing_reply_is_never_taken_back(text: str) -> None:
    growing, shown = settler(), ""
    for length in range(len(text) + 1):
        now = growing.show(text[:length])
        assert now.startswith(shown)
        shown = now
    growing.finish(text)
    assert "".join(growing.settled).startswith(shown)
    assert growing.text() == settled(text)


@pytest.mark.parametrize("text", TEXTS)
def test_the_pieces_of_a_reply_are_the_reply(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text, is_whole=True)) == text
