"""Batching: questions that come together are embedded together, and each gets its own vectors back."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag import RetrievalError
from rag.retrieval.batching import MOST_ITEMS, Batcher

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass
class GatedEmbedder:
    """Embeds when it is let; remembers what came in which call."""

    let: threading.Event = field(default_factory=threading.Event)
    calls: list[list[str]] = field(default_factory=list)
    name: str = "gated"
    dim: int = 1

    def encode_queries(self, queries: list[str]) -> list[npt.NDArray[np.float32]]:
        self.calls.append(queries)
        assert self.let.wait(30)
        if "bad" in queries:
            message = "the embedding model is away"
            raise RetrievalError(message)
        return [np.asarray([float(query)], dtype=np.float32) for query in queries]

    def encode_documents(self, documents: list[str]) -> list[npt.NDArray[np.float32]]:
        return self.encode_queries(documents)


def test_what_comes_while_a_batch_is_computed_shares_the_next_one_and_keeps_its_order() -> None:
    async def scenario() -> list[list[str]]:
        embedder = GatedEmbedder()
        batcher = Batcher(embedder)
        first = asyncio.create_task(batcher.encode(["0"]))
        while not embedder.calls:  # noqa: ASYNC110 - the embedder runs in a thread
            await asyncio.sleep(0)
        others = [asyncio.create_task(batcher.encode([str(n), str(n + 100)])) for n in range(1, 12)]
        await asyncio.sleep(0)
        embedder.let.set()
        assert [v.tolist() for v in await first] == [[0.0]]
        for n, vectors in enumerate(await asyncio.gather(*others), start=1):
            assert [v.tolist() for v in vectors] == [[n], [n + 100]]
        return embedder.calls

    calls = asyncio.run(scenario())
    assert [len(call) for call in calls] == [1, MOST_ITEMS, 22 - MOST_ITEMS]


def test_a_question_that_can_not_be_embedded_spoils_it_for_nobody_else() -> None:
    async def scenario() -> None:
        embedder = GatedEmbedder()
        embedder.let.set()
        batcher = Batcher(embedder)
        bad, good = await asyncio.gather(batcher.encode(["bad"]), batcher.encode(["1"]), return_exceptions=True)
        assert isinstance(bad, RetrievalError)
        assert not isinstance(good, BaseException)
        assert [v.tolist() for v in good] == [[1.0]]
        assert [v.tolist() for v in await batcher.encode(["2"])] == [[2.0]]

    asyncio.run(scenario())


def test_who_does_not_wait_any_more_costs_the_others_nothing() -> None:
    async def scenario() -> None:
        embedder = GatedEmbedder()
        batcher = Batcher(embedder)
        gone, waiting = asyncio.create_task(batcher.encode(["1"])), asyncio.create_task(batcher.encode(["2"]))
        await asyncio.sleep(0)
        gone.cancel()
        embedder.let.set()
        assert [v.tolist() for v in await waiting] == [[2.0]]
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(scenario())
