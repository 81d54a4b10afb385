"""Ranking: the order of candidates, and the same thing shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag.domain import Candidate
from rag.query.search_plan import SearchPlan, make_search_plan
from rag.query.spelling import Speller
from rag.retrieval.ranking import FEATURES, measure, neighbours_of, rank, without_duplicates
from rag.text.subvectors import MOST_SENTENCES, pack, subvector_texts, unpack
from rag.text.vocabulary import count_words
from tests.builders import make_passage

if TYPE_CHECKING:
    from rag import Passage

VECTOR = np.array([1.0, 0.0], dtype=np.float32)


def query(text: str, *passages: Passage) -> SearchPlan:
    vocabulary = count_words(passages)
    return make_search_plan(text, vocabulary=vocabulary, speller=Speller(vocabulary))


def candidate(passage: Passage, *cosines: float) -> Candidate:
    rows = [[cosine, np.sqrt(1 - cosine**2)] for cosine in cosines]
    return Candidate(passage, np.array(rows, dtype=np.float32))


def test_a_candidate_is_measured_by_meaning_words_and_kind() -> None:
    passage = make_passage(path="integrations/x.md", text="Turn the red handle twice.")
    table = measure([candidate(passage, 0.5, 0.6, 0.7, 0.8)], query("red handle of the lamp", passage), VECTOR)
    found = dict(zip(FEATURES, table[0], strict=True))
    assert (found["whole"], found["label"], found["sentence"]) == pytest.approx((0.5, 0.6, 0.8))
    assert found["pairs"] == pytest.approx(1 / 2)
    assert 0 < found["coverage"] < 1
    assert found["bm25"] > 0
    assert (found["asks"], found["opening"], found["aside"]) == (1, 0, 1)


def test_the_nearer_passage_comes_first() -> None:
    near, far = make_passage("near", path="a.md"), make_passage("far", path="b.md")
    candidates = [candidate(far, 0.1, 0.1), candidate(near, 0.9, 0.9)]
    ranked = rank(measure(candidates, query("handle", near, far), VECTOR), candidates)
    assert [p.id for p in ranked] == ["near", "far"]
    assert [p.score for p in ranked] == pytest.approx([0.9, 0.1])


def test_a_deprecated_page_comes_behind_its_equals_and_not_behind_all() -> None:
    old, new = make_passage("old", path="a.md", deprecated=True), make_passage("new", path="b.md")
    far = make_passage("far", path="c.md")
    candidates = [candidate(far, 0.1, 0.1), candidate(old, 0.9, 0.9), candidate(new, 0.9, 0.9)]
    ranked = rank(measure(candidates, query("handle", old, new, far), VECTOR), candidates)
    assert [p.id for p in ranked] == ["new", "old", "far"]


def test_what_is_said_twice_is_shown_once() -> None:
    first = make_passage("1", path="helm.md", text="Run helm install to set the cluster up.")
    same_words = make_passage("2", path="helm-gpu.md", text="Run helm install to set the cluster up!")
    same_section = make_passage("3", path="helm.md", text="Something else in the same section.")
    other = make_passage("4", path="docker.md", text="Use docker compose instead.")
    assert [p.id for p in without_duplicates([first, same_words, same_section, other], 3)] == ["1", "4"]
    assert [p.id for p in without_duplicates([first, other], 1)] == ["1"]


def test_subvectors_are_the_label_and_the_sentences_outside_code() -> None:
    text = "One sentence is here. Another sentence follows it:\n\n```py\nnot this one\n```\n\n- an item of three\n- no"
    assert subvector_texts(make_passage(text=text))[1:] == [
        "How is the airlock opened?\nOne sentence is here.",
        "How is the airlock opened?\nAnother sentence follows it:",
        "How is the airlock opened?\n- an item of three",
    ]
    assert len(subvector_texts(make_passage(text="A few words here. " * 99))) == MOST_SENTENCES + 1


@pytest.mark.parametrize("dim", [8, 384, 3_072])
def test_packed_vectors_come_back_nearly_as_they_were(dim: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(12, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    back = unpack(pack(list(vectors)), dim)
    assert back.shape == (12, dim)
    assert (back * vectors).sum(axis=1).min() > 0.998
    assert len(pack([vectors[0]] * 200)) <= 65_535


def test_the_other_parts_of_the_first_sections_are_their_neighbours() -> None:
    whole, part, other = (
        make_passage(id_, path="page.md", headings=(heading,)) for id_, heading in (("1", "A"), ("2", "A"), ("3", "B"))
    )
    assert neighbours_of([whole, other], [whole, other, part]) == [part]
