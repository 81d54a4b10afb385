"""Compare where Milvus Lite may run beside the bot's event loop: what a search costs there, how long the loop waits.

    python -m benchmarks.placement ./milvus.db [QUESTIONS]

Ten questions at a time, each searched as the bot does it. Meanwhile a probe asks the loop to wake it every five
milliseconds: what it sleeps longer is time that an ack, a ping or a word of a stream would have waited. Each way works
on a copy of its own, and the first questions are not counted.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import numpy as np
from rich.console import Console
from rich.table import Table

from rag.backends.pymilvus_import import importing_pymilvus
from rag.domain import Question
from rag.retrieval.retriever import CANDIDATES
from rag.settings import RagSettings
from rag.text.terms import query_vector
from rag.wiring import open_retriever
from tests.standins.milvus import running_server

with importing_pymilvus():
    from pymilvus import AsyncMilvusClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rag.backends.milvus import MilvusStore
    from rag.retrieval.retriever import HybridRetriever

AT_ONCE = 10
WARM_UP = 20
PROBE_S = 0.005
LIMIT = 3
QUESTIONS = [
    f"How do I {verb} {thing} in Milvus?"
    for verb in ("create", "drop", "load", "compact", "back up", "search")
    for thing in ("a collection", "an index", "a partition", "an alias", "sparse vectors", "a user", "a database")
]


class Timings:
    """What one way cost: seconds of each search, what the probe overslept, and the whole."""

    def __init__(self) -> None:
        self.searches: list[float] = []
        self.late: list[float] = []
        self.whole = 0.0

    async def probe(self) -> None:
        """Note, for ever, by how much the loop is late."""
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(PROBE_S)
            self.late.append(time.perf_counter() - begun - PROBE_S)

    def row(self) -> list[str]:
        """Return questions a second, and milliseconds: search p50 and p95, lag p50, p99 and longest."""
        searches, late = np.array(self.searches) * 1_000, np.array(self.late) * 1_000
        figures = [*np.percentile(searches, [50, 95]), *np.percentile(late, [50, 99, 100])]
        return [f"{len(searches) / self.whole:.1f}", *(f"{figure:.1f}" for figure in figures)]


async def load(search: Callable[[Question], Awaitable[object]], count: int) -> Timings:
    """Search for `count` questions, ten at a time."""
    timings, slots = Timings(), asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with slots:
            begun = time.perf_counter()
            await search(Question(text=f"{QUESTIONS[number % len(QUESTIONS)]} ({number})"))
            timings.searches.append(time.perf_counter() - begun)

    await asyncio.gather(*(one(number) for number in range(WARM_UP)))
    timings.searches.clear()
    probe = asyncio.create_task(timings.probe())
    await asyncio.sleep(2 * PROBE_S)
    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(count)))
    timings.whole = time.perf_counter() - begun
    await asyncio.sleep(2 * PROBE_S)
    probe.cancel()
    return timings


def on_the_loop(retriever: HybridRetriever, count: int) -> Timings:
    """Search on the loop itself."""

    async def search(question: Question) -> object:
        await asyncio.sleep(0)
        return retriever.search_now(question, limit=LIMIT)

    return asyncio.run(load(search, count))


def in_threads(retriever: HybridRetriever, count: int, *, threads: int) -> Timings:
    """Search as the bot does it, in so many threads, the embedding in one of its own."""
    with ThreadPoolExecutor(threads) as pool:
        object.__setattr__(retriever, "threads", pool)
        return asyncio.run(load(lambda question: retriever.search(question, limit=LIMIT), count))


def by_async_client(retriever: HybridRetriever, count: int) -> Timings:
    """Let pymilvus' AsyncMilvusClient do the two searches; the words and the order stay in threads."""

    async def run() -> Timings:
        store = cast("MilvusStore", retriever.store)
        client = AsyncMilvusClient(store.uri)
        on_thread = asyncio.to_thread

        async def search(question: Question) -> object:
            searched = await on_thread(retriever.understand, question)
            vectors = await retriever.batcher.encode(searched.texts)
            vector = vectors[0].tolist()
            for field, data in (("vector", vector), ("lexical", query_vector(searched.plans[0].weights))):
                await client.search(
                    store.alias,
                    data=[data],
                    anns_field=field,
                    limit=CANDIDATES,
                    output_fields=["id"],
                    search_params={"metric_type": "IP"},
                )
            of_plans = searched.vectors(vectors)
            found = await on_thread(retriever.search_all, [*searched.by_words, *searched.by_meaning(of_plans)])
            looked = await on_thread(retriever.look_up, searched, of_plans, found)
            return await on_thread(retriever.order, looked, None, limit=LIMIT)

        try:
            return await load(search, count)
        finally:
            await client.close()

    return asyncio.run(run())


_ours: list[HybridRetriever] = []
_open = ExitStack()


def _open_here(uri: str) -> None:
    _ours.append(_open.enter_context(open_retriever(RagSettings(milvus_uri=uri))))


def _search_here(question: Question) -> object:
    return _ours[0].search_now(question, limit=LIMIT)


def in_own_process(uri: str, count: int) -> Timings:
    """Let another process do the whole search, model and all."""
    pool: Executor

    async def search(question: Question) -> object:
        return await asyncio.get_running_loop().run_in_executor(pool, _search_here, question)

    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_open_here, initargs=(uri,)) as pool:
        return asyncio.run(load(search, count))


def main() -> None:
    """Print the table."""
    index, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200  # noqa: PLR2004
    table = Table("", "questions/s", "search p50, ms", "p95", "loop late p50, ms", "p99", "longest", box=None)
    out = Console()
    with TemporaryDirectory() as name:
        folder = Path(name)
        for copy in ("embedded.db", "alone.db", "data"):
            shutil.copytree(index, folder / copy)
        with open_retriever(RagSettings(milvus_uri=str(folder / "embedded.db"))) as retriever:
            table.add_row("on the loop", *on_the_loop(retriever, count).row())
            for threads in (1, 2, 4):
                timings = in_threads(retriever, count, threads=threads)
                table.add_row(f"embedded, threads: {threads}", *timings.row())
            table.add_row("embedded, async client", *by_async_client(retriever, count).row())
        with running_server(folder) as (uri, _), open_retriever(RagSettings(milvus_uri=uri)) as retriever:
            for threads in (1, 2, 4):
                timings = in_threads(retriever, count, threads=threads)
                table.add_row(f"a server's process, threads: {threads}", *timings.row())
            table.add_row("a server's process, async client", *by_async_client(retriever, count).row())
        table.add_row("whole search in a process", *in_own_process(str(folder / "alone.db"), count).row())
    out.print(f"{os.cpu_count()} cores, {AT_ONCE} questions at once, {count} in all")
    out.print(table)


if __name__ == "__main__":
    main()
