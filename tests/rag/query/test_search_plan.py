"""The search plan of a question."""

from __future__ import annotations

import pytest

from rag import Message, Question
from rag.query.search_plan import SYNONYM_WEIGHT, make_search_plan, make_search_plans, search_text
from rag.query.spelling import Speller
from rag.text.vocabulary import count_words
from tests.builders import make_passages

VOCABULARY = count_words(
    make_passages(*["Milvus collections and entities: nlist, nprobe, recall. The TTL says when an entity expires."] * 3)
)
SPELLER = Speller(VOCABULARY)


def test_the_docs_words_stand_beside_the_askers_with_less_weight() -> None:
    query = make_search_plan("When do rows expire?", vocabulary=VOCABULARY, speller=SPELLER)
    assert query.text == "When do rows expire?"
    assert query.expanded == "When do rows expire? (entity entities TTL ttl.seconds)"
    assert query.terms == ("do", "row", "expir")[1:]
    assert query.weights["ttl"] == pytest.approx(SYNONYM_WEIGHT * VOCABULARY.rarity("ttl"))
    assert query.weights["expir"] == pytest.approx(VOCABULARY.rarity("expir"))


def test_a_follow_up_is_searched_behind_the_turn_before_it() -> None:
    history = (
        Message(role="user", text="first"),
        Message(role="user", text="What is a partition key?"),
        Message(role="assistant", text="A field."),
    )
    assert search_text(Question(text="how many?", history=history)) == "What is a partition key?\nhow many?"


def test_whose_words_are_forwarded_is_not_searched_for() -> None:
    plans = make_search_plans(
        Question(text="see below\n\nNora Berg wrote:\nAn entity never expires"), vocabulary=VOCABULARY, speller=SPELLER
    )
    assert [plan.text for plan in plans] == ["see below\n\nAn entity never expires", "see below"]
