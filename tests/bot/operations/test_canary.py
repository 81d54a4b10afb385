"""The canary: it finds its page, or says what it found instead."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from bot.operations.canary import STARTER_CANARY, Canary, CanaryWatch, read_canary
from rag import Answerer, RetrievalError
from rag.wiring import starter_passages
from tests.builders import make_passages
from tests.fakes import FakeRetriever

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag import Passage


def watch_of(passages: Sequence[Passage], canary: Canary | None = None) -> CanaryWatch:
    answerer = Answerer(retriever=FakeRetriever(list(passages)), model=None, passages=5)
    return CanaryWatch(answerer=answerer, canary=canary)


def asked(watch: CanaryWatch) -> str:
    asyncio.run(watch.ask())
    return watch.trouble


def test_a_page_among_the_first_three_is_well() -> None:
    passages = make_passages("a", "b", "c", "d")
    assert asked(watch_of(passages, Canary("What?", passages[2].path))) == ""


def test_a_page_behind_them_is_named_with_what_is_found_instead() -> None:
    passages = make_passages("a", "b", "c", "d")
    told = asked(watch_of(passages, Canary("What is it?", "elsewhere.md")))
    assert told.startswith("'What is it?' finds ")
    assert told.endswith(", not elsewhere.md.")


def test_the_starter_faq_has_a_canary_of_its_own() -> None:
    passages = starter_passages()
    right = [passage for passage in passages if STARTER_CANARY.is_found_in(passage)]
    wrong = [passage for passage in passages if passage not in right]
    assert right
    assert asked(watch_of([*wrong[:2], right[0]])) == ""
    assert "Where does Milvus keep" in asked(watch_of(wrong))


def test_without_the_starter_faq_and_without_a_setting_nothing_is_asked_for() -> None:
    assert asked(watch_of(make_passages("a", "b"))) == ""


def test_a_search_that_finds_nothing_is_trouble_whatever_is_set() -> None:
    assert asked(watch_of([])).endswith(
        "finds nothing, not starter_faq.md#Where does Milvus keep the data that I insert?."
    )


def test_a_search_that_fails_is_no_word_about_the_index() -> None:
    watch = watch_of([])
    cast("FakeRetriever", watch.answerer.retriever).error = RetrievalError("Milvus is away.")
    with pytest.raises(RetrievalError):
        asyncio.run(watch.ask())
    assert watch.asked_at == 0


def test_the_setting_names_a_question_and_a_page() -> None:
    assert read_canary("How do I load? | load.md#Load") == Canary("How do I load?", "load.md#Load")
    assert read_canary("") is None
