"""Milvus: its version, the collection with its model and rows, the canary question; and the embedding model."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bot.operations.canary import AMONG_FIRST, STARTER, STARTER_CANARY, read_canary
from bot.operations.doctor.finding import Finding, fail, ok, span_of, warn
from rag import Question, RagError
from rag.backends.embedding import open_embedder
from rag.backends.milvus_lite import explain_refusal, is_lite, newest_copy, temporary_copy
from rag.wiring import open_index, open_retriever

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rag.backends.milvus import MilvusStore
    from rag.settings import RagSettings
    from rag.wiring import Index

OLD_DAYS = 90.0
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MilvusChecks:
    """Looks into the collection, of Milvus Lite into a copy: a bot may have the folder open, and nothing is written."""

    settings: RagSettings
    canary: str

    def run(self) -> Iterator[Finding]:
        """Yield what is found; what can't be opened ends it."""
        try:
            with _beside(self.settings) as settings:
                yield from self._look(settings)
        except RagError as error:
            yield fail("Milvus", error.message, error.hint or "See docs/operating.md.")
        except OSError as error:  # shutil's own errors are such too
            told = f"Milvus Lite's folder can't be copied to look into it ({error.strerror or type(error).__name__})"
            yield fail("Milvus", told, "Is there room in the temporary folder, and may this user read the other?")

    def _look(self, settings: RagSettings) -> Iterator[Finding]:
        if is_lite(settings.milvus_uri) and Path(settings.milvus_uri).suffix != ".db":
            raise explain_refusal(settings.milvus_uri)
        if is_lite(settings.milvus_uri) and not Path(settings.milvus_uri).exists():
            yield warn("Milvus", "Milvus Lite's folder is not there yet", "Run: milvusfaq ingest")
            return
        with open_index(settings) as index:
            yield ok("Milvus", f"{_engine(settings, index.store)} answers")
            yield from _check_collection(index)
            if index.store.live() is None:
                return
            index.store.check(embedding=index.embedder.name, dim=index.embedder.dim)
        yield self._ask_canary(settings)

    def _ask_canary(self, settings: RagSettings) -> Finding:
        canary = read_canary(self.canary) or STARTER_CANARY
        with open_retriever(settings) as retriever:
            passages = retriever.search_now(Question(text=canary.question), limit=AMONG_FIRST).passages
        if any(map(canary.is_found_in, passages)):
            return ok("canary", f"{canary.question!r} finds {canary.page}")
        if not self.canary and not any(passage.source == STARTER for passage in passages):
            return ok("canary", "none is set: CANARY names a question and the page that it has to find")
        found = ", ".join(dict.fromkeys(passage.path for passage in passages))
        do = "Look with milvusfaq search; ingest again if pages are gone, else change CANARY."
        return warn("canary", f"{canary.question!r} finds {found}, not {canary.page}", do)


def check_embedding(settings: RagSettings) -> Iterator[Finding]:
    """Yield whether the embedding model makes vectors."""
    try:
        embedder = open_embedder(settings)
        begun = time.monotonic()
        (vector,) = embedder.encode_queries(["How is data stored in Milvus?"])
    except RagError as error:
        yield fail("embedding model", error.message, error.hint or "See EMBEDDING_MODEL in the README.")
        return
    took_ms = (time.monotonic() - begun) * 1_000
    yield ok("embedding model", f"{embedder.name}: {len(vector)} numbers in {took_ms:.0f} ms")


def running_index(status: Mapping[str, object]) -> Finding:
    """Tell what a running bot searches."""
    built_at = cast("float", status["built_at"])
    return ok("searched now", f"{status['passages']} passages, built {span_of(time.time() - built_at)} ago")


def _check_collection(index: Index) -> Iterator[Finding]:
    store = index.store
    live = store.live()
    if live is None:
        yield warn("collection", f"{store.alias} does not exist yet", "Run: milvusfaq ingest")
        return
    name, dim = store.recorded_embedding(live) or ("?", 0)
    rows, days = store.count(live), (time.time() - store.built_at()) / DAY_S
    told = f"{store.alias}: {rows} passages by {name} ({dim} dimensions), built {span_of(days * DAY_S)} ago"
    versions = ", ".join(filter(None, store.vocabulary().versions))
    told += f", Milvus {versions}" if versions else ""
    if (name, dim) != (index.embedder.name, index.embedder.dim):
        do = "Set EMBEDDING_MODEL back, or run: milvusfaq ingest --recreate SOURCE"
        yield fail("collection", f"{told}; questions are embedded by {index.embedder.name}", do)
    elif not rows:
        yield fail("collection", told, "Its files may be damaged. Run: milvusfaq ingest --recreate SOURCE")
    elif days > OLD_DAYS:
        yield warn("collection", told, "The docs may have moved on. Run: milvusfaq ingest")
    else:
        yield ok("collection", told)


def _engine(settings: RagSettings, store: MilvusStore) -> str:
    if is_lite(settings.milvus_uri):
        return f"Milvus Lite {version('milvus-lite')}"
    return f"Milvus {store.server_version()}"


@contextmanager
def _beside(settings: RagSettings) -> Iterator[RagSettings]:
    """Give the settings that lead to a copy of a Milvus Lite folder, to the server itself otherwise."""
    if not is_lite(settings.milvus_uri):
        yield settings
        return
    if not Path(newest_copy(settings.milvus_uri)).is_dir():
        yield settings
        return
    with temporary_copy(settings.milvus_uri) as copy:
        yield settings.model_copy(update={"milvus_uri": copy})
