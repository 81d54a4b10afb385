"""Wiring: the real parts are built, opened and closed again."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from rag.answering.answerer import Answerer
from rag.answering.rewriting import Rewriter
from rag.backends.embedding import BUNDLED, LazyEmbedder, open_bundled, open_embedder, open_multilingual
from rag.backends.milvus import MilvusStore, open_milvus
from rag.backends.milvus_lite import (
    adopt_newest_copy,
    forget,
    give_back_freed_memory,
    is_lite,
    newest_copy,
    place_to_write,
)
from rag.errors import EmptyIndexError, UnreachableError
from rag.hearing.hearer import PostHearer
from rag.hearing.judge import HearingJudge
from rag.ingest.chunking import make_passages
from rag.ingest.indexing import STARTER_SOURCE, IngestPlan, MultilingualEncoder, index
from rag.ingest.sources import Source
from rag.model_wiring import open_models
from rag.query.spelling import Speller
from rag.retrieval.batching import Batcher
from rag.retrieval.foreign import ForeignReader
from rag.retrieval.reloading import IndexSnapshot, ReloadingRetriever
from rag.retrieval.retriever import HybridRetriever
from rag.text.records import SourceRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

    from rag.domain import Passage
    from rag.model_wiring import Models
    from rag.protocols import Embedder
    from rag.settings import RagSettings

logger = logging.getLogger(__name__)

STARTER_FILE = "starter_faq.md"
LITE_SEARCH_THREADS = 1
"""Milvus Lite computes in Python, on our own cores: more threads only take turns (decision 12)."""
SERVER_SEARCH_THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The store of passages and the model that made their vectors: they only go together."""

    store: MilvusStore
    embedder: Embedder


@contextmanager
def open_index(settings: RagSettings) -> Iterator[Index]:
    """Open Milvus and the embedding model to search; raise RagError with what to do when one can't be had."""
    embedder = open_embedder(settings)
    uri = settings.milvus_uri
    if is_lite(uri):
        adopt_newest_copy(uri)
        uri = newest_copy(uri)
    with _open_store(settings, uri) as store:
        yield Index(store=store, embedder=embedder)


@contextmanager
def open_index_to_write(settings: RagSettings) -> Iterator[Index]:
    """Open them for an ingest.

    Where a bot has the Milvus Lite folder open, the ingest goes to a copy, and the bot to that when it is whole.
    """
    embedder = open_embedder(settings)
    if not is_lite(settings.milvus_uri):
        with _open_store(settings, settings.milvus_uri) as store:
            yield Index(store=store, embedder=embedder)
        return
    with place_to_write(settings.milvus_uri) as place, _open_store(settings, place.path) as store:
        before = store.live()
        yield Index(store=store, embedder=embedder)
        place.keep = store.live() != before


@contextmanager
def open_retriever(settings: RagSettings) -> Iterator[HybridRetriever]:
    """Open an index that is ready for questions; an empty one takes in the starter FAQ first."""
    with open_index(settings) as opened:
        try:
            retriever = _retriever(settings, opened)
        except EmptyIndexError:
            _ingest_starter(settings, opened)
            retriever = _retriever(settings, opened)
        yield retriever


def _retriever(settings: RagSettings, opened: Index) -> HybridRetriever:
    """Return the retriever of the live collection; raise EmptyIndexError where there is none."""
    opened.store.check(embedding=opened.embedder.name, dim=opened.embedder.dim)
    if not opened.store.has_sparse:
        logger.warning("The collection has no sparse vectors: passages are found by meaning alone.")
    give_back_freed_memory()
    vocabulary = opened.store.vocabulary()
    multilingual = None if settings.multilingual == "off" else LazyEmbedder(open_multilingual)
    return HybridRetriever(
        store=opened.store,
        embedder=opened.embedder,
        vocabulary=vocabulary,
        speller=Speller(vocabulary),
        default_version=settings.docs_version,
        built_at=opened.store.built_at(),
        foreign=ForeignReader(store=opened.store, embedder=multilingual) if multilingual else None,
        search_threads=LITE_SEARCH_THREADS if is_lite(settings.milvus_uri) else SERVER_SEARCH_THREADS,
    )


def _open_store(settings: RagSettings, uri: str) -> AbstractContextManager[MilvusStore]:
    token = settings.milvus_token.get_secret_value()
    return open_milvus(uri=uri, token=token, alias=settings.milvus_collection)


@asynccontextmanager
async def open_answerer(settings: RagSettings, *, patient: bool = False) -> AsyncIterator[Answerer]:
    """Open the answerer with everything behind it; it goes over to what an ingest brings while it is open.

    A `patient` one opens though a Milvus server does not answer, and searches as soon as it does.
    """
    async with open_reloading_retriever(settings, patient=patient) as retriever, open_models(settings) as models:
        timeout_s = settings.llm_rewrite_timeout_s
        rewriter = Rewriter(model=models.rewriting, timeout_s=timeout_s) if models else None
        yield Answerer(
            retriever=retriever,
            model=models.answering if models else None,
            passages=settings.answer_passages,
            reads=settings.llm_passages if models else settings.answer_passages,
            rewriter=rewriter,
            hearer=_hearer(settings, models),
            encode=Batcher(LazyEmbedder(open_bundled)).encode if settings.embedding_model == BUNDLED else None,
        )


def _hearer(settings: RagSettings, models: Models | None) -> PostHearer:
    """Return what tells what a post wants, by the models in the package, whichever one the passages have."""
    multilingual = None if settings.multilingual == "off" else Batcher(LazyEmbedder(open_multilingual))
    judge = HearingJudge(models.rewriting) if models else None
    return PostHearer(bundled=Batcher(LazyEmbedder(open_bundled)), multilingual=multilingual, judge=judge)


@asynccontextmanager
async def open_hearer(settings: RagSettings, *, with_model: bool) -> AsyncIterator[PostHearer]:
    """Open the hearer alone; `with_model` lets the language model have its word, where there is one."""
    if not with_model:
        yield _hearer(settings, None)
        return
    async with open_models(settings) as models:
        yield _hearer(settings, models)


@asynccontextmanager
async def open_reloading_retriever(settings: RagSettings, *, patient: bool) -> AsyncIterator[ReloadingRetriever]:
    """Open a retriever that looks every `index_refresh_s` seconds whether an ingest has brought a new index."""
    live = ReloadingRetriever(
        snapshot=None,
        look=partial(_newer_snapshot, settings),
        reopen=None if is_lite(settings.milvus_uri) else partial(_open_snapshot, settings),
    )
    try:
        live.snapshot = await asyncio.to_thread(_open_snapshot, settings)
        await live.warm_up()
        await asyncio.to_thread(give_back_freed_memory)  # 65 MB, of loading the model
    except UnreachableError as error:
        if not patient or not live.reopen:
            raise
        logger.warning("%s Questions are kept until it answers.", error)
        live.outage = error
    watcher = asyncio.create_task(live.watch(settings.index_refresh_s))
    try:
        yield live
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        if live.snapshot:
            await asyncio.to_thread(live.snapshot.close)


def _open_snapshot(settings: RagSettings) -> IndexSnapshot:
    """Open the index as it is now."""
    with ExitStack() as stack:
        retriever = stack.enter_context(open_retriever(settings))
        return IndexSnapshot(
            retriever=retriever,
            name=_name(cast("MilvusStore", retriever.store)),
            close=stack.pop_all().close,
            check=partial(_check, retriever),
        )


def _check(retriever: HybridRetriever) -> None:
    """Make sure that the collection can be searched: a Milvus that was away may have released it."""
    retriever.store.check(embedding=retriever.embedder.name, dim=retriever.embedder.dim)


def _newer_snapshot(settings: RagSettings, snapshot: IndexSnapshot) -> IndexSnapshot | None:
    """Return the index that an ingest has put in place of this one, opened; None where there is none."""
    if is_lite(settings.milvus_uri):
        place = newest_copy(settings.milvus_uri)
        if snapshot.name.startswith(f"{place}:"):
            return None
        newer = _open_snapshot(settings)
        replaced = snapshot.name.rpartition(":")[0]
        snapshot.close = partial(_close_and_forget, snapshot.transfer_close(), replaced)
        return newer
    retriever = cast("HybridRetriever", snapshot.retriever)
    searched = cast("MilvusStore", retriever.store)
    store = MilvusStore(searched.client, searched.uri, searched.alias)
    if snapshot.name == _name(store):
        return None
    fresh = _retriever(settings, Index(store=store, embedder=retriever.embedder))
    return IndexSnapshot(
        retriever=fresh, name=_name(store), close=snapshot.transfer_close(), check=partial(_check, fresh)
    )


def _name(store: MilvusStore) -> str:
    return f"{store.uri}:{store.live()}"


def _close_and_forget(close: Callable[[], None], path: str) -> None:
    close()
    forget(path)


@asynccontextmanager
async def open_rewriter(settings: RagSettings) -> AsyncIterator[Rewriter | None]:
    """Open what words follow-ups and foreign questions anew; None where there is no language model."""
    async with open_models(settings) as models:
        yield Rewriter(model=models.answering, timeout_s=settings.llm_rewrite_timeout_s) if models else None


def multilingual_encoder(settings: RagSettings) -> MultilingualEncoder | None:
    """Return how an ingest embeds passages for questions in other languages; None where it is not to."""
    if settings.multilingual == "off":
        return None
    return MultilingualEncoder(LazyEmbedder(open_multilingual), settings.multilingual, release=_release_models)


def _release_models() -> None:
    """Give back what the models in the package hold; they load again at their next text."""
    open_bundled.cache_clear()
    open_multilingual.cache_clear()
    give_back_freed_memory()


def _ingest_starter(settings: RagSettings, opened: Index) -> None:
    passages = starter_passages()
    logger.warning(
        "The Milvus collection is new: taking in the starter FAQ (%d passages). `milvusfaq ingest` brings the docs.",
        len(passages),
    )
    encoder = multilingual_encoder(settings)
    plan = IngestPlan(passages=passages, sources=[SourceRecord(name=STARTER_SOURCE, kind="package", at=time.time())])
    index(opened.store, opened.embedder, plan, multilingual=encoder, progress=lambda *_: None)


def starter_passages() -> list[Passage]:
    """Return the starter FAQ that lies in the package."""
    text = (files("rag.starter") / STARTER_FILE).read_text(encoding="utf-8")
    source = Source(name=STARTER_SOURCE, version="2.4", texts={STARTER_FILE: text})
    return make_passages(source, STARTER_FILE)
