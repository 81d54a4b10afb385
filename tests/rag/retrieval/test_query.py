"""This file is where a question becomes what is searched for."""

from __future__ import annotations

import pytest

from rag import Message, Question
from rag.retrieval.language import is_foreign
from rag.retrieval.query import GLOSSARY_WEIGHT, make_query, search_text
from rag.retrieval.spelling import Speller
from rag.retrieval.versions import choose_versions
from rag.retrieval.vocabulary import count_words
from tests.builders import make_passages

VOCABULARY = count_words(
    make_passages(*["Milvus collections and entities: nlist, nprobe, recall. The TTL says when an entity expires."] * 3)
)
SPELLER = Speller(VOCABULARY)


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
    assert SPELLER.mend(written) == meant


def test_the_docs_words_stand_beside_the_askers_with_less_weight() -> None:
    query = make_query(Question(text="When do rows expire?"), vocabulary=VOCABULARY, speller=SPELLER)
    assert query.text == "When do rows expire?"
    assert query.glossed.startswith("When do rows expire? (entity TTL")
    assert query.terms == ("do", "row", "expir")[1:]
    assert query.weights["ttl"] == pytest.approx(GLOSSARY_WEIGHT * VOCABULARY.rarity("ttl"))
    assert query.weights["expir"] == pytest.approx(VOCABULARY.rarity("expir"))


def test_a_follow_up_is_searched_behind_the_turn_before_it() -> None:
    history = (
        Message(role="user", text="first"),
        Message(role="user", text="What is a partition key?"),
        Message(role="assistant", text="A field."),
    )
    assert search_text(Question(text="how many?", history=history)) == "What is a partition key?\nhow many?"


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


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("How is data stored?", False),
        ("nlist 4*sqrt(n) nprobe IVF_SQ8", False),
        ("wich paramters afect recal", False),
        ("runtime error server client version compatibility", False),
        ("Wie groß darf ein Vektor sein?", True),
        ("¿Cuánto cuesta Milvus?", True),
        ("如何限制内存", True),
        ("هل يعمل بدون إنترنت", True),
    ],
)
def test_another_language_is_told_from_keywords_and_slips(text: str, *, foreign: bool) -> None:
    assert is_foreign(text) == foreign
