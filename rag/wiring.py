"""This file is where the real parts meet, are opened and closed again."""

from __future__ import annotations

import asyncio
import ctypes
import logging
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from rag.answering import Answerer
from rag.backends.embedding import open_embedder
from rag.backends.milvus import open_milvus
from rag.errors import EmptyIndexError
from rag.ingest.chunking import make_passages
from rag.ingest.indexing import STARTER_SOURCE, index
from rag.ingest.sources import Source
from rag.retrieval.hybrid import HybridRetriever
from rag.retrieval.spelling import Speller
from rag.rewriting import Rewriter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from rag.backends.milvus import MilvusStore
    from rag.domain import Passage
    from rag.protocols import ChatModel, Embedder
    from rag.settings import RagSettings

logger = logging.getLogger(__name__)

STARTER_FILE = "starter_faq.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The store of passages and the model that made their vectors: they only go together."""

    store: MilvusStore
    embedder: Embedder


@contextmanager
def open_index(settings: RagSettings) -> Iterator[Index]:
    """Open Milvus and the embedding model; raise RagError with what to do when one can't be had."""
    embedder = open_embedder(settings)
    token = settings.milvus_token.get_secret_value()
    with open_milvus(uri=settings.milvus_uri, token=token, alias=settings.milvus_collection) as store:
        yield Index(store=store, embedder=embedder)


@contextmanager
def open_retriever(settings: RagSettings) -> Iterator[HybridRetriever]:
    """Open an index that is ready for questions; an empty one takes in the starter FAQ first."""
    with open_index(settings) as opened:
        try:
            opened.store.check(embedding=opened.embedder.name, dim=opened.embedder.dim)
        except EmptyIndexError:
            _ingest_starter(opened)
            opened.store.check(embedding=opened.embedder.name, dim=opened.embedder.dim)
        _give_back_freed_memory()
        vocabulary = opened.store.vocabulary()
        yield HybridRetriever(
            store=opened.store,
            embedder=opened.embedder,
            vocabulary=vocabulary,
            speller=Speller(vocabulary),
            default_version=settings.docs_version,
        )


@asynccontextmanager
async def open_answerer(settings: RagSettings) -> AsyncIterator[Answerer]:
    """Open the answerer with everything behind it."""
    opened = open_retriever(settings)
    retriever = await asyncio.to_thread(opened.__enter__)
    try:
        async with _open_model(settings) as model:
            rewriter = Rewriter(model=model, timeout_s=settings.llm_rewrite_timeout_s) if model else None
            yield Answerer(retriever=retriever, model=model, passages=settings.answer_passages, rewriter=rewriter)
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


@asynccontextmanager
async def _open_model(settings: RagSettings) -> AsyncIterator[ChatModel | None]:
    api_key = settings.leptonai_token.get_secret_value()
    if not api_key:
        logger.info("LEPTONAI_TOKEN is not set: answers will quote the passages.")
        yield None
        return
    from rag.backends.openai_compatible import OpenAIChatModel, make_chat_client  # noqa: PLC0415 - 1 s to import

    async with make_chat_client(
        base_url=settings.llm_base_url,
        api_key=api_key,
        timeout_s=settings.llm_timeout_s,
        max_retries=settings.llm_max_retries,
    ) as client:
        yield OpenAIChatModel(
            client=client,
            model=settings.llm_model,
            max_tokens=settings.llm_max_tokens,
            temperature=settings.llm_temperature,
        )


def _give_back_freed_memory() -> None:
    """Return to the system what loading the model has freed: 64 MB that glibc would keep."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):  # glibc has it, other C libraries return memory by themselves
        libc.malloc_trim(0)


def _ingest_starter(opened: Index) -> None:
    passages = starter_passages()
    logger.warning(
        "The Milvus collection is new: taking in the starter FAQ (%d passages). `milvusfaq ingest` brings the docs.",
        len(passages),
    )
    index(opened.store, opened.embedder, passages, progress=lambda *_: None)


def starter_passages() -> list[Passage]:
    """Return the starter FAQ that lies in the package."""
    text = (files("rag.starter") / STARTER_FILE).read_text(encoding="utf-8")
    source = Source(name=STARTER_SOURCE, version="2.4", texts={STARTER_FILE: text}, left_out=())
    return make_passages(source, STARTER_FILE)
