"""Batching: questions that wait for their vectors at the same time are embedded together, in one thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.protocols import Embedder

    Vectors = Sequence[npt.NDArray[np.float32]]
    Waiting = tuple[list[str], asyncio.Future[Vectors]]

MOST_TEXTS = 16
"""In one call: what comes meanwhile goes into the next."""


@dataclass(slots=True)
class Batcher:
    """Embeds in micro-batches: whoever comes while a batch is computed shares the next one."""

    embedder: Embedder
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "embedding"))
    waiting: list[Waiting] = field(default_factory=list)
    working: asyncio.Task[None] | None = None

    async def encode(self, texts: list[str]) -> Vectors:
        """Return the texts' vectors; raise what the embedder raises."""
        future: asyncio.Future[Vectors] = asyncio.get_running_loop().create_future()
        self.waiting.append((texts, future))
        if self.working is None or self.working.done():
            self.working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self.waiting:
            batch = self._next_batch()
            found = await self._encode([text for texts, _ in batch for text in texts])
            if isinstance(found, BaseException) and len(batch) > 1:  # one of them may have spoilt it for the others
                for one in batch:
                    _settle([one], await self._encode(one[0]))
            else:
                _settle(batch, found)

    async def _encode(self, texts: list[str]) -> Vectors | BaseException:
        encoding = asyncio.get_running_loop().run_in_executor(self.thread, self.embedder.encode_queries, texts)
        (found,) = await asyncio.gather(encoding, return_exceptions=True)
        return found

    def _next_batch(self) -> list[Waiting]:
        batch = [self.waiting.pop(0)]
        while self.waiting and sum(len(texts) for texts, _ in batch) + len(self.waiting[0][0]) <= MOST_TEXTS:
            batch.append(self.waiting.pop(0))
        return batch


def _settle(batch: list[Waiting], found: Vectors | BaseException) -> None:
    """Give each its vectors, or all of them the error."""
    start = 0
    for asked, future in batch:
        if future.cancelled():
            pass  # nobody waits any more
        elif isinstance(found, BaseException):
            future.set_exception(found)
        else:
            future.set_result(found[start : start + len(asked)])
        start += len(asked)
