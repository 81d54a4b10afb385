"""Real Milvus Lite: passages are built beside, switched, and never half."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag import EmptyIndexError, IngestError, RetrievalError
from rag.backends.milvus import MilvusStore, open_milvus
from rag.backends.milvus_build import building
from rag.backends.milvus_schema import SOURCE_ROWS, words_of
from rag.domain import EmbeddedPassage
from rag.ingest.chunking import embedding_text
from rag.ingest.indexing import IngestPlan, IngestReport, index
from rag.text.records import SourceRecord
from rag.text.subvectors import subvector_texts
from tests.builders import make_passage
from tests.fakes import FakeEmbedder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from rag import Passage


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MilvusStore]:
    with opened(tmp_path) as store:
        yield store


@contextmanager
def opened(folder: Path) -> Iterator[MilvusStore]:
    with open_milvus(uri=str(folder / "milvus.db"), token="", alias="docs") as store:
        yield store


def fill(
    store: MilvusStore, passages: list[Passage], embedder: FakeEmbedder, *, recreate: bool = False
) -> IngestReport:
    return index(store, embedder, IngestPlan(passages=passages, recreate=recreate), progress=lambda *_: None)


def found(store: MilvusStore, passage: Passage, embedder: FakeEmbedder) -> Passage:
    (vector,) = embedder.encode_queries([embedding_text(passage)])
    return rank_of_one(store, vector)


def rank_of_one(store: MilvusStore, vector: npt.NDArray[np.float32]) -> Passage:
    ((candidate,),) = store.search_dense([vector], limit=1)
    return replace(candidate.passage, score=float(candidate.subvectors[0] @ vector))


def texts_of(*passages: Passage) -> list[str]:
    return [text for passage in passages for text in (embedding_text(passage), *subvector_texts(passage))]


def live_ids(store: MilvusStore) -> set[str]:
    return {id_ for ids in store.passage_ids().values() for id_ in ids}


ONE, TWO, THREE = (make_passage(str(n), text=f"text {n}") for n in range(3))


def test_a_passage_comes_back_as_it_went_in(store: MilvusStore) -> None:
    embedder = FakeEmbedder()
    passage = make_passage("q", headings=('a "quoted" heading', "b\\c"), text="{braces} and 'quotes' and 漢字")
    fill(store, [passage, TWO], embedder)
    store.check(embedding="fake", dim=8)
    got = found(store, passage, embedder)
    assert got.score == pytest.approx(1.0, abs=1e-2)
    assert make_passage("q", **{f: getattr(got, f) for f in ("headings", "text")}) == passage


def test_an_index_is_found_again_after_reopening(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    with opened(tmp_path) as store:
        fill(store, [ONE, TWO], embedder)
    with opened(tmp_path) as store:
        store.check(embedding="fake", dim=8)
        assert found(store, ONE, embedder).id == ONE.id


def test_ingesting_again_embeds_nothing_and_changes_nothing(store: MilvusStore) -> None:
    embedder = FakeEmbedder()
    fill(store, [ONE, TWO], embedder)
    before = store.live()
    report = fill(store, [ONE, TWO], embedder)
    assert report == IngestReport(new=0, kept=2, removed=0)
    assert store.live() == before
    assert embedder.embedded == texts_of(ONE, TWO)


def test_a_changed_source_embeds_what_is_new_and_drops_what_is_gone(store: MilvusStore) -> None:
    embedder = FakeEmbedder()
    fill(store, [ONE, TWO], embedder)
    report = fill(store, [TWO, THREE], embedder)
    assert report == IngestReport(new=1, kept=1, removed=1)
    assert live_ids(store) == {TWO.id, THREE.id}
    assert embedder.embedded == texts_of(ONE, TWO, THREE)
    assert found(store, TWO, embedder).score == pytest.approx(1.0, abs=1e-2)


def test_another_source_stays_and_the_starter_makes_way(store: MilvusStore) -> None:
    embedder = FakeEmbedder()
    starter, other = make_passage("s", source="starter"), make_passage("o", source="other")
    fill(store, [starter], embedder)
    assert fill(store, [other], embedder).starter_left
    assert fill(store, [ONE], embedder) == IngestReport(new=1, kept=0, removed=0)
    assert live_ids(store) == {"o", ONE.id}
    fill(store, [TWO], embedder, recreate=True)
    assert live_ids(store) == {TWO.id}


def test_an_ingest_that_fails_leaves_the_old_index_searched(store: MilvusStore) -> None:
    embedder = FakeEmbedder()
    fill(store, [ONE], embedder)
    before = store.live()
    embedder.fail_after = 1
    with pytest.raises(RuntimeError, match="told to fail"):
        fill(store, [ONE, TWO], embedder)
    assert store.live() == before
    assert found(store, ONE, embedder).id == ONE.id
    embedder.fail_after = None
    fill(store, [ONE, TWO], embedder)
    assert live_ids(store) == {ONE.id, TWO.id}
    assert sorted(store.client.list_collections()) == [store.live(), f"{store.live()}_words"]


def test_another_model_is_refused_with_what_to_do(store: MilvusStore) -> None:
    fill(store, [ONE], FakeEmbedder())
    for name, dim in (("other", 8), ("fake", 16)):
        with pytest.raises(RetrievalError, match=r"was made with EMBEDDING_MODEL=fake \(8 dimensions\)"):
            store.check(embedding=name, dim=dim)
    with pytest.raises(RetrievalError, match="--recreate"):
        fill(store, [TWO], FakeEmbedder(name="other"))
    assert fill(store, [TWO], FakeEmbedder(name="other", dim=16), recreate=True).new == 1


def test_a_new_file_is_empty_and_an_emptied_one_is_damaged(store: MilvusStore) -> None:
    with pytest.raises(EmptyIndexError, match="does not exist yet"):
        store.check(embedding="fake", dim=8)
    fill(store, [ONE], FakeEmbedder())
    store.client.delete(store.live(), ids=[ONE.id])
    with pytest.raises(RetrievalError, match="is empty though it was not"):
        store.check(embedding="fake", dim=8)


def test_a_collection_of_someone_else_is_left_alone(store: MilvusStore) -> None:
    store.client.create_collection("docs", dimension=4)
    with pytest.raises(IngestError, match="did not make"):
        fill(store, [ONE], FakeEmbedder())
    assert store.client.has_collection("docs")


def test_a_vector_that_is_not_a_number_is_refused(store: MilvusStore) -> None:
    embedder = FakeEmbedder()
    fill(store, [ONE], embedder)
    bad = EmbeddedPassage(passage=TWO, vector=np.full(8, np.nan, dtype=np.float32), subvectors="")
    with pytest.raises(IngestError, match="not a number"), building(store, embedding="fake", dim=8) as build:
        build.insert([bad])
    assert live_ids(store) == {ONE.id}


def test_text_is_cut_to_the_bytes_that_a_server_takes(store: MilvusStore) -> None:
    embedder = FakeEmbedder()
    passage = make_passage("1", title="é" * 600)
    fill(store, [passage], embedder)
    assert found(store, passage, embedder).title == "é" * 512


def test_many_passages_are_copied_and_counted(store: MilvusStore) -> None:
    embedder = FakeEmbedder()
    many = [make_passage(f"m{n}", text=f"text {n}", source="many") for n in range(2_300)]
    fill(store, many, embedder)
    assert fill(store, [ONE], embedder).new == 1
    assert len(live_ids(store)) == 2_301


def test_a_dead_server_is_told_in_words() -> None:
    dead = open_milvus(uri="http://127.0.0.1:9", token="", alias="docs")
    with pytest.raises(RetrievalError, match=r"Milvus can't be reached at http://127\.0\.0\.1:9"), dead:
        pytest.fail("it was opened")


def test_a_collection_of_before_source_records_is_listed_and_goes_on(store: MilvusStore) -> None:
    embedder = FakeEmbedder()
    fill(store, [ONE, TWO], embedder)
    live = store.live()
    assert live
    store.client.delete(words_of(live), filter=f'id >= "{SOURCE_ROWS}"')
    (known,) = store.sources()
    assert (known.name, known.passages, known.location, known.at) == (ONE.source, 2, "", 0.0)
    record = SourceRecord(name=ONE.source, kind="folder", location="/docs", at=1.0)
    plan = IngestPlan(passages=[ONE, THREE], sources=[record])
    index(store, embedder, plan, progress=lambda *_: None)
    (known,) = store.sources()
    assert (known.location, known.passages, known.at) == ("/docs", 2, 1.0)
