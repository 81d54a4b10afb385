"""Terms and their sparse vectors."""

from __future__ import annotations

import math
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.text.terms import passage_vector, query_vector, terms
from rag.text.vocabulary import count_words, from_json, to_json
from tests.builders import make_passages


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How are the collections loaded?", ["collect", "load"]),
        ("queryNode.enableDisk", ["=querynode.enabledisk", "queri", "node", "enabl", "disk"]),
        ("io_setup() failed", ["=io_setup", "io", "setup", "fail"]),
        ("MINIO_ACCESS_KEY_ID", ["=minio_access_key_id", "minio", "access", "key", "id"]),
        ("errno=11, v2.4.5", ["errno", "11", "=v2.4.5", "v", "2", "4", "5"]),
        ("", []),
    ],
)
def test_identifiers_count_whole_and_in_their_parts(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_threads_that_read_at_the_same_time_find_the_same_terms() -> None:
    texts = [" ".join(f"{letter}{word}" for word in ("ations", "ingly", "edness")) for letter in "abcdefghij" * 20]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            together = list(threads.map(lambda number: terms(f"{texts[number]} x{number}y"), range(len(texts))))
    finally:
        sys.setswitchinterval(usual)
    assert together == [terms(f"{text} x{number}y") for number, text in enumerate(texts)]


def test_the_inner_product_is_bm25() -> None:
    passages = make_passages("alpha beta", "alpha gamma gamma", "delta")
    vocabulary = count_words([*passages, *passages])
    gamma = query_vector({"gamma": vocabulary.rarity("gamma")})
    of_passage = passage_vector(terms(passages[1].text))
    score = sum(weight * of_passage.get(dimension, 0) for dimension, weight in gamma.items())
    length = 1.5 * (0.25 + 0.75 * 3 / 90)
    assert score == pytest.approx(math.log1p((6 - 2 + 0.5) / 2.5) * 2 * 2.5 / (2 + length))


def test_a_vocabulary_comes_back_as_it_was_kept() -> None:
    vocabulary = count_words(make_passages("naïve Milvus", "Milvus 漢字"))
    assert from_json(to_json(vocabulary)) == vocabulary
    assert vocabulary.versions == ("2.4",)
    assert vocabulary.word_counts["milvus"] == 2
    assert to_json(vocabulary).isascii()
