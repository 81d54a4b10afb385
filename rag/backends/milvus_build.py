"""Milvus builds: a new collection that is filled beside the one searched, and takes its place when it is whole."""

from __future__ import annotations

import logging
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.backends.milvus import (
    CALL_TIMEOUT_S,
    EMBEDDING_PROPERTY,
    MilvusStore,
)
from rag.backends.milvus_errors import translated
from rag.backends.milvus_lite import give_back_freed_memory
from rag.backends.milvus_schema import (
    MULTILINGUAL_ROWS,
    SOURCE_ROWS,
    WORDS_SUFFIX,
    passage_schema,
    row_of,
    words_of,
    words_rows,
    words_schema,
)
from rag.errors import IngestError
from rag.text import multilingual, records, vocabulary
from rag.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.domain import EmbeddedPassage
    from rag.text.multilingual import MultilingualIndex
    from rag.text.records import SourceRecord

logger = logging.getLogger(__name__)

INSERT_BATCH = 500
WORDS_ROWS_AT_ONCE = 20
FIRST_WITH_SPARSE = (2, 4)


@dataclass(slots=True, kw_only=True)
class Build:
    """A collection that is being filled; it is not searched yet.

    Whoever fills it sets `vocabulary` to the words of all its passages before the end, `sources` to where they came
    from, and `multilingual` where questions in other languages are to be searched too.
    """

    store: MilvusStore
    name: str
    sparse: bool
    inserted: int = 0
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    multilingual: MultilingualIndex | None = None
    sources: Sequence[SourceRecord] = ()

    def insert(self, passages: Sequence[EmbeddedPassage]) -> None:
        """Write passages; one writer at a time."""
        for start in range(0, len(passages), INSERT_BATCH):
            rows = [row_of(stored, sparse=self.sparse) for stored in passages[start : start + INSERT_BATCH]]
            with translated(self.store.uri):
                self.store.client.insert(self.name, rows)
            self.inserted += len(rows)
        give_back_freed_memory()


@contextmanager
def building(store: MilvusStore, *, embedding: str, dim: int) -> Iterator[Build]:
    """Give a new collection to fill; when the block ends well, check it and move the alias to it.

    When it does not, the collection searched before stays as it was, and the next build clears what is left.
    """
    live = store.live()
    _drop_all_but(store, live)
    name = f"{store.alias}_build_{time.time_ns():x}"
    with translated(store.uri):
        build = Build(store=store, name=name, sparse=_offers_sparse(store))
        _create(build, embedding=embedding, dim=dim)
    yield build
    with translated(store.uri):  # the larger one first: for its time, Milvus Lite's flush needs 40 kB a passage
        store.client.flush(build.name, timeout=CALL_TIMEOUT_S)
    give_back_freed_memory()
    _keep_words(build)
    with translated(store.uri):
        store.client.load_collection(build.name, timeout=CALL_TIMEOUT_S)
        if (stored := store.count(build.name)) != build.inserted:
            message = f"Milvus holds {stored} passages where {build.inserted} were inserted; nothing was changed."
            raise IngestError(message)
        move = store.client.create_alias if live is None else store.client.alter_alias
        move(build.name, store.alias)
    _drop_all_but(store, build.name)
    store.forget_reads()


def _offers_sparse(store: MilvusStore) -> bool:
    """Tell whether the server has sparse vectors; Milvus Lite, which has, calls itself by another name."""
    version = re.match(r"v?(\d+)\.(\d+)", str(store.client.get_server_version()))
    if version is None or (int(version[1]), int(version[2])) >= FIRST_WITH_SPARSE:
        return True
    logger.warning(
        "This Milvus server (%s) has no sparse vectors, which came with 2.4: passages are found by meaning alone.",
        version[0],
    )
    return False


def _create(build: Build, *, embedding: str, dim: int) -> None:
    schema, index = passage_schema(embedding=embedding, dim=dim, sparse=build.sparse)
    build.store.client.create_collection(
        build.name,
        schema=schema,
        index_params=index,
        consistency_level="Bounded",
        properties={EMBEDDING_PROPERTY: embedding},
    )


def _keep_words(build: Build) -> None:
    """Write the build's vocabulary, and what else lies beside its passages, into a small collection."""
    schema, index = words_schema()
    words = words_of(build.name)
    with translated(build.store.uri):
        build.store.client.create_collection(words, schema=schema, index_params=index)
        rows = words_rows(vocabulary.to_json(build.vocabulary))
        if build.multilingual:
            rows += words_rows(multilingual.to_text(build.multilingual), kind=MULTILINGUAL_ROWS)
        rows += words_rows(records.to_text(build.sources), kind=SOURCE_ROWS)
        for start in range(0, len(rows), WORDS_ROWS_AT_ONCE):
            build.store.client.insert(words, rows[start : start + WORDS_ROWS_AT_ONCE])
        build.store.client.flush(words)


def _drop_all_but(store: MilvusStore, kept: str | None) -> None:
    with translated(store.uri):
        for name in store.client.list_collections():
            if store.is_ours(name.removesuffix(WORDS_SUFFIX)) and name.removesuffix(WORDS_SUFFIX) != kept:
                store.client.drop_collection(name)
