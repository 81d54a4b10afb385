"""Batching: what waits for the same thing at the same time is done together: vectors, and searches in Milvus."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.protocols import Embedder

    Vectors = Sequence[npt.NDArray[np.float32]]

Item = TypeVar("Item")
Found = TypeVar("Found")
MOST_ITEMS = 16
"""In one call: what comes meanwhile goes into the next."""


@dataclass(slots=True)
class MicroBatches(Generic[Item, Found]):
    """Works in micro-batches: whoever comes while a batch is worked on shares the next one.

    `work` finds one thing for each item, in a thread of `threads`.
    """

    work: Callable[[list[Item]], Sequence[Found]]
    threads: ThreadPoolExecutor
    waiting: list[tuple[list[Item], asyncio.Future[Sequence[Found]]]] = field(default_factory=list)
    working: asyncio.Task[None] | None = None

    async def find(self, items: list[Item]) -> Sequence[Found]:
        """Return what is found for each item; raise what the work raises."""
        future: asyncio.Future[Sequence[Found]] = asyncio.get_running_loop().create_future()
        self.waiting.append((items, future))
        if self.working is None or self.working.done():
            self.working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self.waiting:
            batch = self._next_batch()
            found = await self._find([item for items, _ in batch for item in items])
            if isinstance(found, BaseException) and len(batch) > 1:  # one of them may have spoilt it for the others
                for one in batch:
                    _settle([one], await self._find(one[0]))
            else:
                _settle(batch, found)

    async def _find(self, items: list[Item]) -> Sequence[Found] | BaseException:
        working = asyncio.get_running_loop().run_in_executor(self.threads, self.work, items)
        (found,) = await asyncio.gather(working, return_exceptions=True)
        return found

    def _next_batch(self) -> list[tuple[list[Item], asyncio.Future[Sequence[Found]]]]:
        batch = [self.waiting.pop(0)]
        while self.waiting and sum(len(items) for items, _ in batch) + len(self.waiting[0][0]) <= MOST_ITEMS:
            batch.append(self.waiting.pop(0))
        return batch


def _settle(
    batch: list[tuple[list[Item], asyncio.Future[Sequence[Found]]]], found: Sequence[Found] | BaseException
) -> None:
    """Give each what was found for it, or all of them the error."""
    start = 0
    for items, future in batch:
        if future.cancelled():
            pass  # nobody waits any more
        elif isinstance(found, BaseException):
            future.set_exception(found)
        else:
            future.set_result(found[start : start + len(items)])
        start += len(items)


@dataclass(slots=True)
class Batcher:
    """Embeds what waits at the same time together, in one thread."""

    embedder: Embedder
    batches: MicroBatches[str, npt.NDArray[np.float32]] = field(init=False)

    def __post_init__(self) -> None:
        """Set up the thread."""
        self.batches = MicroBatches(self.embedder.encode_queries, ThreadPoolExecutor(1, "embedding"))

    async def encode(self, texts: list[str]) -> Vectors:
        """Return the texts' vectors; raise what the embedder raises."""
        return await self.batches.find(texts)
