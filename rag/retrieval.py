"""This file is where a question's vector meets the passages'."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import RetrievalError

if TYPE_CHECKING:
    from rag.backends.milvus import MilvusStore
    from rag.domain import Passage
    from rag.protocols import Embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseRetriever:
    """Finds passages by the inner product of embeddings, off the event loop."""

    store: MilvusStore
    embedder: Embedder

    async def search(self, query: str, *, limit: int) -> list[Passage]:
        """Return the nearest passages; raise RetrievalError when there are none at all."""
        passages = await asyncio.to_thread(self._search, query, limit)
        if not passages:
            message = "Milvus found no passage at all, which a collection that holds some can't do."
            raise RetrievalError(message, hint="Run: milvusfaq ingest --recreate SOURCE")
        return passages

    def _search(self, query: str, limit: int) -> list[Passage]:
        (vector,) = self.embedder.encode_queries([query])
        return self.store.search(vector, limit=limit)
