"""Milvus over gRPC: the same code against a server in another process."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rag import Question, RetrievalError
from rag.backends.embedding import open_bundled
from rag.backends.milvus import MilvusStore, open_milvus
from rag.ingest.chunking import embedding_text
from rag.ingest.indexing import IngestPlan, index
from rag.query.spelling import Speller
from rag.retrieval.retriever import HybridRetriever
from rag.text.terms import passage_vector, terms
from tests.builders import make_passage
from tests.fakes import FakeEmbedder
from tests.standins.milvus import running_old_server, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rag.protocols import Embedder

ONE, TWO = make_passage("1", text="one"), make_passage("2", text="two")


def test_an_ingest_is_seen_by_a_reader_that_is_connected_already(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    (query,) = embedder.encode_queries([embedding_text(TWO)])
    with running_server(tmp_path) as (uri, process), open_milvus(uri=uri, token="", alias="docs") as writer:
        index(writer, embedder, IngestPlan(passages=[ONE]), progress=lambda *_: None)
        with open_milvus(uri=uri, token="", alias="docs") as reader:
            reader.check(embedding="fake", dim=8)
            assert [found.passage.id for found in reader.search_dense([query], limit=5)[0]] == ["1"]
            index(writer, embedder, IngestPlan(passages=[ONE, TWO]), progress=lambda *_: None)
            assert [found.passage.id for found in reader.search_dense([query], limit=1)[0]] == ["2"]
            process.kill()
            process.wait()
            with pytest.raises(RetrievalError, match="Milvus can't be reached"):
                reader.search_dense([query], limit=1)


PASSAGES = [
    make_passage("t", path="ttl.md", headings=("Expiry",), text="Set `collection.ttl.seconds` and old entities go."),
    make_passage("m", path="mmap.md", headings=("Memory",), text="Map the data from the disk with mmap."),
    make_passage("l", path="log.md", headings=("Logs",), text="The level of the log is `log.level`."),
]


def search(store: MilvusStore, embedder: Embedder, text: str) -> list[tuple[str, float]]:
    store.check(embedding=embedder.name, dim=embedder.dim)
    vocabulary = store.vocabulary()
    retriever = HybridRetriever(store=store, embedder=embedder, vocabulary=vocabulary, speller=Speller(vocabulary))
    found = retriever.search_now(Question(text=text), limit=3).passages
    return [(passage.id, round(passage.score, 3)) for passage in found]


def test_a_server_and_an_embedded_milvus_find_the_same_with_the_same_scores(tmp_path: Path) -> None:
    embedder = open_bundled()
    found = []
    with running_server(tmp_path) as (uri, _):
        for place in (uri, str(tmp_path / "embedded.db")):
            with open_milvus(uri=place, token="", alias="docs") as store:
                index(store, embedder, IngestPlan(passages=PASSAGES), progress=lambda *_: None)
                assert store.has_sparse
                ((worded, *_),) = store.search_sparse([passage_vector(terms("collection.ttl.seconds"))], limit=3)
                assert worded.passage.id == "t"
                found.append(search(store, embedder, "collection.ttl.seconds"))
    assert found[0] == found[1]
    assert found[0][0][0] == "t"


def test_a_server_without_sparse_vectors_is_searched_by_meaning_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("milvus", reason="the real Milvus 2.3.5 (pip install milvus==2.3.5) is not installed")
    embedder = open_bundled()
    with running_old_server(tmp_path) as uri, open_when_ready(uri) as store:
        index(store, embedder, IngestPlan(passages=PASSAGES), progress=lambda *_: None)
        assert "has no sparse vectors" in caplog.text
        assert not store.has_sparse
        assert search(store, embedder, "collection.ttl.seconds")[0][0] == "t"
        report = index(store, embedder, IngestPlan(passages=PASSAGES[:2]), progress=lambda *_: None)
        assert (report.new, report.kept, report.removed) == (0, 2, 1)
        assert {id_ for id_, _ in search(store, embedder, "the level of the log")} == {"t", "m"}


@contextmanager
def open_when_ready(uri: str) -> Iterator[MilvusStore]:
    """Open a server that listens before it serves."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with open_milvus(uri=uri, token="", alias="docs") as store:
                store.live()
                yield store
                return
        except RetrievalError:
            if time.monotonic() > deadline:
                raise
