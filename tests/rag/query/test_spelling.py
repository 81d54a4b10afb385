"""Misspelt words in questions."""

from __future__ import annotations

import pytest

from tests.rag.query.test_search_plan import SPELLER


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("how many colections in milvs", "how many collections in milvus"),
        ("how to choos nlits and nprob", "how to choose nlist and nprobe"),
        ("wich recal do I get? Recal is low", "which recall do I get? recall is low"),
        ("halve the memory when rows expire", "halve the memory when rows expire"),
        (
            "my HP Proliant and `colections` and colections.max stay",
            "my HP Proliant and `colections` and colections.max stay",
        ),
        ("a slow lookup, the uptime and a timestamp", "a slow lookup, the uptime and a timestamp"),
        ("json_contains_any(dict_) in colection.py", "json_contains_any(dict_) in colection.py"),
        ("Колекция 集合", "Колекция 集合"),
    ],
)
def test_slips_are_mended_and_names_left_alone(written: str, meant: str) -> None:
    assert SPELLER.correct(written) == meant
