"""This file is where a question meets the passages: two searches, one order.

Milvus finds candidates by meaning (dense) and by words (sparse); ranking puts them in order. A server without sparse
vectors gives the first kind alone.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rag.domain import Retrieved
from rag.errors import RetrievalError
from rag.retrieval.language import is_foreign
from rag.retrieval.lexical import query_vector
from rag.retrieval.query import make_query
from rag.retrieval.ranking import measure, one_of_each, rank
from rag.retrieval.topic import off_topic, without_orders
from rag.retrieval.versions import choose_versions

if TYPE_CHECKING:
    import numpy.typing as npt

    from rag.backends.milvus import MilvusStore
    from rag.domain import Question
    from rag.protocols import Embedder
    from rag.retrieval.query import Query
    from rag.retrieval.ranking import Candidate
    from rag.retrieval.spelling import Speller
    from rag.retrieval.versions import Versions
    from rag.retrieval.vocabulary import Vocabulary

CANDIDATES = 50
"""How many passages each of the two searches brings."""
GLOSSED_SHARE = 0.4
"""What the vector of the question with the docs' words counts against the one without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridRetriever:
    """Finds passages in one collection. `default_version` is searched when a question names none."""

    store: MilvusStore
    embedder: Embedder
    vocabulary: Vocabulary
    speller: Speller
    default_version: str = ""

    async def search(self, question: Question, *, limit: int) -> Retrieved:
        """Return at most `limit` passages, best first; raise RetrievalError when there are none at all."""
        return await asyncio.to_thread(self.search_now, question, limit=limit)

    def search_now(self, question: Question, *, limit: int) -> Retrieved:
        """Do the same on this thread."""
        asked = without_orders(question.text)
        if not asked:
            return Retrieved(passages=(), off_topic="orders")
        question = replace(question, text=asked)
        query = make_query(question, vocabulary=self.vocabulary, speller=self.speller)
        versions = choose_versions(question.text, present=self.vocabulary.versions, default=self.default_version)
        vector = self.embed(query)
        candidates = self.candidates(query, vector, versions)
        if not candidates:
            message = "Milvus found no passage at all, which a collection that holds some can't do."
            raise RetrievalError(message, hint="Run: milvusfaq ingest --recreate SOURCE")
        table = measure(candidates, query, vector)
        return Retrieved(
            passages=tuple(one_of_each(rank(table, candidates), limit)),
            notice=versions.notice,
            off_topic=None
            if is_foreign(query.text)  # an English model sees nothing near it, which tells nothing
            else off_topic(query.text, terms=len(set(query.terms)), table=table, candidates=candidates),
        )

    def embed(self, query: Query) -> npt.NDArray[np.float32]:
        """Return the query's vector, of length 1."""
        texts = [query.text] if query.glossed == query.text else [query.text, query.glossed]
        plain, *glossed = self.embedder.encode_queries(texts)
        vector = (1 - GLOSSED_SHARE) * plain + GLOSSED_SHARE * glossed[0] if glossed else plain
        unit: npt.NDArray[np.float32] = np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
        return unit

    def candidates(self, query: Query, vector: npt.NDArray[np.float32], versions: Versions) -> list[Candidate]:
        """Return what the two searches find, each passage once."""
        near = self.store.search_dense(vector, limit=CANDIDATES, versions=versions.searched)
        worded = self.store.search_sparse(query_vector(query.weights), limit=CANDIDATES, versions=versions.searched)
        return list({found.passage.id: found for found in (*near, *worded)}.values())
