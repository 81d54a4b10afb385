"""An ingest embeds for other languages what is new, and only that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from rag.backends.milvus import open_milvus
from rag.ingest.indexing import IngestPlan, IngestReport, MultilingualEncoder, index
from tests.builders import make_passage
from tests.fakes import FakeEmbedder

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from rag import Passage
    from rag.backends.milvus import MilvusStore
    from rag.text.multilingual import Coverage

FLUSH = make_passage("1", headings=("Flush",), text="A flush writes segments. " * 3)
SAME_SECTION = make_passage("2", headings=("Flush",), text="Another part on segments.")
LOAD = make_passage("3", headings=("Load",), text="A load reads segments.")


@dataclass
class CountingEmbedder(FakeEmbedder):
    texts: list[str] = field(default_factory=list)

    def encode_queries(self, queries: list[str]) -> list[npt.NDArray[np.float32]]:
        self.texts += queries
        return super().encode_queries(queries)


def ingest(
    store: MilvusStore, passages: list[Passage], coverage: Coverage | None
) -> tuple[IngestReport, CountingEmbedder]:
    counting = CountingEmbedder()
    encoder = MultilingualEncoder(counting, coverage, release=lambda: None) if coverage else None
    return index(
        store, FakeEmbedder(), IngestPlan(passages=passages), multilingual=encoder, progress=lambda *_: None
    ), counting


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "milvus.db")


def test_sections_and_common_words_are_embedded_once(uri: str) -> None:
    with open_milvus(uri=uri, token="", alias="docs") as store:
        _, first = ingest(store, [FLUSH, SAME_SECTION, LOAD], "labels")
        assert sorted(first.texts) == sorted({*first.texts}), "each once"
        assert {FLUSH.label, LOAD.label, "segments"} <= {*first.texts}
        kept = store.multilingual_index()
        assert kept
        assert (kept.ids, len(kept.vectors)) == (("1", "2", "3"), 2)
        _, second = ingest(store, [FLUSH, LOAD, make_passage("4", headings=("Seal",), text="It seals.")], "labels")
        assert [text for text in second.texts if "seal" not in text.lower()] == []


def test_another_coverage_is_embedded_anew_though_no_passage_is(uri: str) -> None:
    with open_milvus(uri=uri, token="", alias="docs") as store:
        ingest(store, [FLUSH], None)
        assert store.multilingual_index() is None
        report, _ = ingest(store, [FLUSH], "labels")
        assert (report.new, report.multilingual_anew, report.changed) == (0, True, True)
        assert not ingest(store, [FLUSH], "labels")[0].changed
        report, full = ingest(store, [FLUSH], "full")
        assert report.multilingual_anew
        assert any("A flush writes segments." in text for text in full.texts)
        assert not ingest(store, [FLUSH], None)[0].changed
        assert store.multilingual_index()
        assert store.vocabulary().passages == 1


def test_without_it_the_next_change_drops_it(uri: str) -> None:
    with open_milvus(uri=uri, token="", alias="docs") as store:
        ingest(store, [FLUSH], "labels")
        ingest(store, [FLUSH, LOAD], None)
        assert store.multilingual_index() is None
