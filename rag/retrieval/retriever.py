"""The retriever: two searches, one order.

Milvus finds candidates by meaning (dense) and by words (sparse); ranking puts them in order. A server without sparse
vectors gives the first kind alone.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from rag.domain import Docs, Explanation, Retrieved
from rag.errors import RetrievalError
from rag.query.prompt_injection import without_orders
from rag.query.search_plan import make_search_plan
from rag.query.versions import choose_versions
from rag.retrieval.batching import Batcher
from rag.retrieval.ranking import measure, rank, without_duplicates
from rag.retrieval.scope import off_topic
from rag.text.language import is_foreign, language_of
from rag.text.terms import query_vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rag.domain import Candidate, Question
    from rag.protocols import Embedder, PassageStore
    from rag.query.search_plan import SearchPlan
    from rag.query.spelling import Speller
    from rag.query.versions import Versions
    from rag.text.vocabulary import Vocabulary


CANDIDATES = 50
"""How many passages each of the two searches brings."""
EXPANDED_SHARE = 0.4
"""What the vector of the question with the docs' words counts against the one without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridRetriever:
    """Finds passages in one collection, `search_threads` questions at a time.

    `default_version` is searched when a question names none.
    """

    store: PassageStore
    embedder: Embedder
    vocabulary: Vocabulary
    speller: Speller
    default_version: str = ""
    search_threads: int = 1
    built_at: float = 0.0
    threads: ThreadPoolExecutor = field(init=False)
    batcher: Batcher = field(init=False)

    def __post_init__(self) -> None:
        """Set up the threads."""
        object.__setattr__(self, "threads", ThreadPoolExecutor(self.search_threads, "search"))
        object.__setattr__(self, "batcher", Batcher(self.embedder))

    async def search(self, question: Question, *, limit: int) -> Retrieved:
        """Return at most `limit` passages, best first; raise RetrievalError when there are none at all.

        The event loop is free meanwhile: words and Milvus have their threads, the embedding model has one of its own.
        """
        run = asyncio.get_running_loop().run_in_executor
        searched = await run(self.threads, self.understand, question)
        if searched is None:
            return Retrieved(passages=(), off_topic="orders")
        vectors = await self.batcher.encode(searched.texts)
        return await run(self.threads, partial(self.find, searched, vectors, limit=limit))

    def docs(self) -> Docs:
        """Return what there is to answer from."""
        return Docs(versions=self.vocabulary.versions, built_at=self.built_at)

    def search_now(self, question: Question, *, limit: int) -> Retrieved:
        """Do the same on this thread."""
        searched = self.understand(question)
        if searched is None:
            return Retrieved(passages=(), off_topic="orders")
        return self.find(searched, self.embedder.encode_queries(searched.texts), limit=limit)

    def explain(self, question: Question, *, limit: int) -> Explanation:
        """Return what a question is searched by and what is found, though it would be turned away."""
        searched = self.understand(question)
        is_order = searched is None
        searched = searched or self._searched(question, question.text)
        found = self.find(searched, self.embedder.encode_queries(searched.texts), limit=limit)
        return Explanation(
            language=language_of(question.text),
            versions=searched.versions.searched,
            query=searched.query.text,
            retrieved=replace(found, off_topic="orders") if is_order else found,
        )

    def understand(self, question: Question) -> Searched | None:
        """Return what to look for; None for a question that holds nothing but orders to the bot."""
        asked = without_orders(question.text)
        if not asked:
            return None
        return self._searched(question, asked)

    def _searched(self, question: Question, asked: str) -> Searched:
        query = make_search_plan(replace(question, text=asked), vocabulary=self.vocabulary, speller=self.speller)
        versions = choose_versions(asked, present=self.vocabulary.versions, default=self.default_version)
        return Searched(query=query, versions=versions)

    def find(self, searched: Searched, vectors: Sequence[npt.NDArray[np.float32]], *, limit: int) -> Retrieved:
        """Return the passages for a query and the vectors of its texts."""
        query, versions, vector = searched.query, searched.versions, _blend(vectors)
        candidates = self.candidates(query, vector, versions)
        if not candidates:
            message = "Milvus found no passage at all, which a collection that holds some can't do."
            raise RetrievalError(message, hint="Run: milvusfaq ingest --recreate SOURCE")
        table = measure(candidates, query, vector)
        return Retrieved(
            passages=tuple(without_duplicates(rank(table, candidates), limit)),
            notices=versions.notices,
            off_topic=None
            if is_foreign(query.text)  # an English model sees nothing near it, which tells nothing
            else off_topic(query.text, terms=len(set(query.terms)), table=table, candidates=candidates),
        )

    def embed(self, query: SearchPlan) -> npt.NDArray[np.float32]:
        """Return the query's vector, of length 1."""
        return _blend(self.embedder.encode_queries(texts_of(query)))

    def candidates(self, query: SearchPlan, vector: npt.NDArray[np.float32], versions: Versions) -> list[Candidate]:
        """Return what the two searches find, each passage once."""
        near = self.store.search_dense(vector, limit=CANDIDATES, versions=versions.searched)
        worded = self.store.search_sparse(query_vector(query.weights), limit=CANDIDATES, versions=versions.searched)
        return list({found.passage.id: found for found in (*near, *worded)}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What is looked for: the query, and the docs versions that it may be found in."""

    query: SearchPlan
    versions: Versions

    @property
    def texts(self) -> list[str]:
        """What is embedded."""
        return texts_of(self.query)


def texts_of(query: SearchPlan) -> list[str]:
    """Return the question, and the question with the docs' words where they add any."""
    return [query.text] if query.expanded == query.text else [query.text, query.expanded]


def _blend(vectors: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return one vector of length 1 for those of a query's texts."""
    plain, *expanded = vectors
    vector = (1 - EXPANDED_SHARE) * plain + EXPANDED_SHARE * expanded[0] if expanded else plain
    unit: npt.NDArray[np.float32] = np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
    return unit
