"""Rewordings are searched beside the question, as far as they mean the same."""

# ruff: noqa: RUF001 - people write like that

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from rag import Message, Question
from rag.retrieval.rewording import DOUBTED, EQUAL, TRUSTED, UNCHECKED, weight_of
from rag.settings import RagSettings
from rag.wiring import open_retriever
from tests.e2e.bot_process import starter_index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.retrieval.retriever import HybridRetriever

HISTORY = (Message(role="user", text="Can two Milvus clusters share one Pulsar?"),)
FOLLOW_UP = Question(text="and the same for etcd?", history=HISTORY)
FOREIGN = Question(text="¿Puedo instalar Milvus en Windows?")
CHINESE = Question(text="怎样设置用户名和密码？")
BAD = ["How is data stored in milvus?", "¿Cómo configuro las copias de seguridad?", "query nodes", "Kann ich das?"]


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HybridRetriever]:
    uri = str(shutil.copytree(starter_index(), tmp_path_factory.mktemp("rewording") / "milvus.db"))
    with open_retriever(RagSettings(milvus_uri=uri, _env_file=None)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("cosine", "is_foreign", "weight"),
    [
        (None, True, UNCHECKED),
        (0.3, False, 0.0),
        (0.6, False, EQUAL),
        (0.8, True, 0.0),
        (0.86, True, DOUBTED),
        (0.9, True, TRUSTED),
    ],
)
def test_the_nearer_it_is_the_more_it_counts(cosine: float | None, weight: float, *, is_foreign: bool) -> None:
    assert weight_of(cosine, is_foreign=is_foreign) == weight


@pytest.mark.parametrize(
    ("question", "reworded", "heading"),
    [
        (FOLLOW_UP, "May several Milvus instances share one etcd?", "May several Milvus instances share one etcd"),
        (CHINESE, "How do I set user names and passwords?", "How do I switch on user names and passwords?"),
    ],
)
def test_a_right_one_brings_its_section_to_the_top(
    retriever: HybridRetriever, question: Question, reworded: str, heading: str
) -> None:
    (first, *_) = retriever.search_now(question, limit=3, reworded=reworded).passages
    assert first.heading.startswith(heading)
    assert reworded in retriever.explain(question, limit=3, reworded=reworded).queries


@pytest.mark.parametrize("question", [FOLLOW_UP, FOREIGN])
@pytest.mark.parametrize("reworded", BAD)
def test_a_bad_one_leaves_what_was_found_first(retriever: HybridRetriever, question: Question, reworded: str) -> None:
    alone = retriever.search_now(question, limit=1).passages
    assert alone[0] in retriever.search_now(question, limit=3, reworded=reworded).passages


def test_nobody_is_turned_away_on_a_rewording_alone(retriever: HybridRetriever) -> None:
    assert retriever.search_now(FOREIGN, limit=3, reworded="How do I rotate an image in Photoshop?").off_topic is None
