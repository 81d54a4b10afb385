"""Docs versions that questions name."""

from __future__ import annotations

import pytest

from rag.query.versions import choose_versions


@pytest.mark.parametrize(
    ("text", "searched", "told"),
    [
        ("How do I upsert?", ("3.0",), False),
        ("How do I upsert in 2.4?", ("2.4",), False),
        ("v2.4.5 crashes", ("2.4",), False),
        ("does Milvus 3 have it", ("3.0",), False),
        ("what changed from 2.4 to 3.0?", ("2.4", "3.0"), False),
        ("Milvus 2.3: how do I upsert?", ("3.0",), True),
        ("search takes 0.4s and 2.4 GB", ("3.0",), False),
        ("it runs on python 3.8 and in 2 pods", ("3.0",), False),
        ("recall went from 2.4 % to 3", ("3.0",), False),
        ("[Bug]: flush\n- Milvus version: 2.4.4\n- Kubernetes: 1.29", ("2.4",), False),
        ("Milvus version (e.g. v2.0.0-rc2): v2.4.1", ("2.4",), False),
        ("image: milvusdb/milvus:v2.4.15-gpu", ("2.4",), False),
        ("milvus2.4.9 升级后起不来", ("2.4",), False),
        ("Version: 2.4.6", ("2.4",), False),
        ("https://milvus.io/docs/v2.4.x/release_notes.md", ("2.4",), False),
        ("operator v2.4.1 on CentOS 7.9, chart 2.4.3", ("3.0",), False),
        ("pip install pymilvus==2.4.1", ("3.0",), False),
        ("is the code under Apache 2.0", ("3.0",), False),
        ("GET /v2/vectordb/collections/list gives 405", ("3.0",), False),
    ],
)
def test_a_version_that_is_named_is_searched_and_else_the_newest(
    text: str, searched: tuple[str, ...], *, told: bool
) -> None:
    chosen = choose_versions(text, present=("", "2.4", "3.0"))
    assert chosen.searched == searched
    assert bool(chosen.notices) == told


def test_the_default_version_is_a_setting_and_no_version_is_no_filter() -> None:
    assert choose_versions("How?", present=("2.4", "3.0"), default="2.4").searched == ("2.4",)
    assert choose_versions("How?", present=("2.9", "2.10")).searched == ("2.10",)
    assert choose_versions("in 2.4?", present=("",)).searched == ()
