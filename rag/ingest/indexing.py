"""Indexing: what is new is embedded, what is gone is left out, the rest is kept.

A new collection is built beside the one that is searched and takes its place when it is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.backends.milvus_build import building
from rag.domain import EmbeddedPassage
from rag.ingest.chunking import embedding_text
from rag.ingest.multilingual import make_multilingual_index
from rag.text.records import counted
from rag.text.subvectors import pack, subvector_texts
from rag.text.vocabulary import count_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rag.backends.milvus import MilvusStore
    from rag.backends.milvus_build import Build
    from rag.domain import Passage
    from rag.protocols import Embedder
    from rag.text.multilingual import Coverage, MultilingualIndex
    from rag.text.records import SourceRecord
    from rag.text.vocabulary import Vocabulary

STARTER_SOURCE = "starter"
EMBED_BATCH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What an ingest did, in passages.

    `starter_left` tells that the starter FAQ made way, `multilingual_anew` that what was kept can be found in other
    languages now, or in another way.
    """

    new: int
    kept: int
    removed: int
    starter_left: bool = False
    multilingual_anew: bool = False

    @property
    def changed(self) -> bool:
        """Whether the collection was built anew."""
        return bool(self.new or self.removed or self.multilingual_anew)


@dataclass(frozen=True, slots=True)
class MultilingualEncoder:
    """How passages are embedded for questions in other languages; `release` gives the models' memory back after it."""

    embedder: Embedder
    coverage: Coverage
    release: Callable[[], None]

    def is_current(self, index: MultilingualIndex | None) -> bool:
        """Tell whether a collection's index was made like this."""
        return index is not None and index.coverage == self.coverage

    def index(
        self, passages: Sequence[Passage], vocabulary: Vocabulary, before: MultilingualIndex | None
    ) -> MultilingualIndex:
        """Return the index of these passages; `before` is that of the collection searched so far."""
        try:
            return make_multilingual_index(
                passages, vocabulary, embedder=self.embedder, coverage=self.coverage, before=before
            )
        finally:
            self.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestPlan:
    """What is to become of the collection.

    `sources` are recorded with the passages; those of `removed` leave, with `recreate` all that is not brought.
    """

    passages: Sequence[Passage] = ()
    sources: Sequence[SourceRecord] = ()
    removed: frozenset[str] = frozenset()
    recreate: bool = False


def index(
    store: MilvusStore,
    embedder: Embedder,
    plan: IngestPlan,
    *,
    multilingual: MultilingualEncoder | None = None,
    progress: Callable[[str, int, int], None],
) -> IngestReport:
    """Make the collection hold the plan's passages in place of whatever their sources held before.

    Other sources stay, but for the starter FAQ, which makes way for the first real one. With `multilingual`, questions
    in other languages find them too. `progress` hears (step, done, of) for embed and insert.
    """
    wanted = {passage.id: passage for passage in plan.passages}
    stored: dict[str, set[str]] = {} if plan.recreate else _stored_ids(store, embedder)
    leaving = _leaving(stored, wanted, plan.removed)
    present = {id_ for ids in stored.values() for id_ in ids}
    missing = [passage for id_, passage in wanted.items() if id_ not in present]
    before = store.multilingual_index() if multilingual and stored else None
    report = IngestReport(
        new=len(missing),
        kept=len(wanted) - len(missing),
        removed=len(leaving),
        multilingual_anew=bool(multilingual and stored and not multilingual.is_current(before)),
        starter_left=bool(wanted) and STARTER_SOURCE in stored and not _is_starter(plan.passages),
    )
    if report.changed:
        known = {record.name: record for record in (store.sources() if stored else ())}
        known |= {record.name: record for record in plan.sources}
        with building(store, embedding=embedder.name, dim=embedder.dim) as build:
            others = [] if plan.recreate else _copy(store, build, but_not=leaving)
            _insert(build, _embed(embedder, missing, progress), total=len(missing), progress=progress)
            every = [*others, *missing]
            build.vocabulary = count_words(every)
            build.sources = counted(known, ((one.source, one.path, one.version) for one in every))
            build.multilingual = multilingual.index(every, build.vocabulary, before) if multilingual else None
    return report


def _is_starter(passages: Sequence[Passage]) -> bool:
    return any(passage.source == STARTER_SOURCE for passage in passages)


def _leaving(stored: dict[str, set[str]], wanted: dict[str, Passage], removed: frozenset[str]) -> set[str]:
    """Return the ids of what the sources held before and hold no more; the starter FAQ leaves with any ingest."""
    sources = {*removed, *(passage.source for passage in wanted.values()), *([STARTER_SOURCE] if wanted else [])}
    return {id_ for source, ids in stored.items() if source in sources for id_ in ids} - wanted.keys()


def _stored_ids(store: MilvusStore, embedder: Embedder) -> dict[str, set[str]]:
    if store.live() is None:
        return {}
    store.check(embedding=embedder.name, dim=embedder.dim)
    return store.passage_ids()


def _copy(store: MilvusStore, build: Build, *, but_not: set[str]) -> list[Passage]:
    """Put what stays into the build, vectors and all; return it."""
    copied: list[Passage] = []
    batch: list[EmbeddedPassage] = []
    for stored in store.embedded_passages():
        if stored.passage.id not in but_not:
            batch.append(stored)
            copied.append(stored.passage)
        if len(batch) == EMBED_BATCH:
            build.insert(batch)
            batch = []
    build.insert(batch)
    return copied


def _embed(
    embedder: Embedder, passages: list[Passage], progress: Callable[[str, int, int], None]
) -> Iterator[list[EmbeddedPassage]]:
    for start in range(0, len(passages), EMBED_BATCH):
        batch = passages[start : start + EMBED_BATCH]
        yield embed_passages(embedder, batch)
        progress("embed", start + len(batch), len(passages))


def embed_passages(embedder: Embedder, passages: Sequence[Passage]) -> list[EmbeddedPassage]:
    """Return the passages with the vectors of the whole and of its parts, all encoded in one call."""
    texts = [[embedding_text(passage), *subvector_texts(passage)] for passage in passages]
    vectors = iter(embedder.encode_documents([text for own in texts for text in own]))
    parts = [[next(vectors) for _ in own] for own in texts]
    return [
        EmbeddedPassage(passage=passage, vector=own[0], subvectors=pack(own))
        for passage, own in zip(passages, parts, strict=True)
    ]


def _insert(
    build: Build,
    batches: Iterator[list[EmbeddedPassage]],
    *,
    total: int,
    progress: Callable[[str, int, int], None],
) -> None:
    done = 0
    for batch in batches:
        build.insert(batch)
        done += len(batch)
        progress("insert", done, total)
