"""Foreign questions find English passages, by the multilingual model in the package."""

# ruff: noqa: RUF001 - people write like that

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from rag import Question
from rag.settings import RagSettings
from rag.wiring import open_retriever
from tests.e2e.bot_process import starter_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rag.retrieval.retriever import HybridRetriever

QUESTIONS = [
    ("数据存储在哪里？", "keep the data"),
    ("如何备份数据", "back up"),
    ("フィルタ式で使える演算子は何ですか", "filter"),
    ("¿Qué versión de Python necesito?", "Python"),
    ("Wie lösche ich Entitäten?", "delete"),
]


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HybridRetriever]:
    uri = str(shutil.copytree(starter_index(), tmp_path_factory.mktemp("foreign") / "milvus.db"))
    with open_retriever(RagSettings(milvus_uri=uri, _env_file=None)) as opened:
        yield opened


def headings(retriever: HybridRetriever, text: str) -> str:
    return "\n".join(passage.label for passage in retriever.search_now(Question(text=text), limit=3).passages)


def test_they_are_searched_by_the_docs_own_words(retriever: HybridRetriever) -> None:
    found = retriever.explain(Question(text="如何删除 partition"), limit=3)
    assert found.language == "zh"
    assert {"partition", "delete"} <= set(found.queries[0].split())


@pytest.mark.parametrize(("text", "heading"), QUESTIONS)
def test_the_section_that_answers_is_among_the_first(retriever: HybridRetriever, text: str, heading: str) -> None:
    assert heading.lower() in headings(retriever, text).lower()


def test_on_the_event_loop_it_is_the_same(retriever: HybridRetriever) -> None:
    question = Question(text=QUESTIONS[0][0])
    found = asyncio.run(retriever.search(question, limit=3))
    assert [p.id for p in found.passages] == [p.id for p in retriever.search_now(question, limit=3).passages]


def test_an_english_question_is_read_by_no_other_model(retriever: HybridRetriever) -> None:
    assert retriever.foreign
    assert retriever.foreign.read_now("How do I drop a partition?") is None


def test_a_collection_without_the_vectors_is_searched_as_it_can_be(tmp_path: Path) -> None:
    uri = str(tmp_path / "milvus.db")
    with open_retriever(RagSettings(milvus_uri=uri, multilingual="off", _env_file=None)) as without:
        assert without.foreign is None
    with open_retriever(RagSettings(milvus_uri=uri, _env_file=None)) as without:
        assert without.foreign
        assert without.foreign.read_now("数据存储在哪里？") is None
        assert without.search_now(Question(text="数据存储在哪里？"), limit=3).passages
