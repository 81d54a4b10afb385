"""Reloading: a running bot goes over to a newer index, and no search is cut off by it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from rag import Question, RagError, RetrievalError
from rag.domain import Docs, Retrieved
from rag.errors import EmbeddingError, UnreachableError
from rag.health import Health
from rag.retrieval.reloading import IndexSnapshot, ReloadingRetriever
from tests.builders import make_passages
from tests.fakes import FakeRetriever

QUESTION = Question(text="?")

if TYPE_CHECKING:
    from collections.abc import Awaitable


@dataclass
class SlowRetriever:
    """Answers when it is let."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    def docs(self) -> Docs | None:
        return None

    def health(self) -> Health:
        return Health(trouble="", checked_s=0.0)

    async def search(self, question: Question, *, limit: int, reworded: Awaitable[str] | None = None) -> Retrieved:
        assert question
        assert reworded is None
        self.begun.set()
        await self.let.wait()
        return Retrieved(passages=tuple(make_passages("old")[:limit]))


def test_new_questions_go_to_the_newer_index_and_the_older_closes_when_its_last_search_has_ended() -> None:
    async def scenario() -> list[str]:
        events: list[str] = []
        slow = SlowRetriever()
        older = IndexSnapshot(retriever=slow, name="older", close=lambda: events.append("older closed"))
        newer = IndexSnapshot(retriever=FakeRetriever(make_passages("new")), name="newer", close=lambda: None)
        live = ReloadingRetriever(snapshot=older, look=lambda snapshot: newer if snapshot is older else None)
        under_way = asyncio.create_task(live.search(QUESTION, limit=1))
        await slow.begun.wait()
        refreshing = asyncio.create_task(live.refresh())
        while live.snapshot is older:  # noqa: ASYNC110 - `look` runs in a thread
            await asyncio.sleep(0)
        events.append((await live.search(QUESTION, limit=1)).passages[0].text)
        slow.let.set()
        events.append((await under_way).passages[0].text)
        await refreshing
        await live.refresh()
        return events

    assert asyncio.run(scenario()) == ["new", "old", "older closed"]


def test_a_newer_index_that_can_not_be_opened_leaves_the_older_one_at_work() -> None:
    def refuse(_: IndexSnapshot) -> IndexSnapshot | None:
        message = "was made with another model"
        raise RetrievalError(message)

    snapshot = IndexSnapshot(retriever=FakeRetriever(make_passages("old")), name="older", close=lambda: None)
    live = ReloadingRetriever(snapshot=snapshot, look=refuse)
    asyncio.run(live.refresh())
    assert asyncio.run(live.search(QUESTION, limit=1)).passages[0].text == "old"


def test_what_closes_a_shared_connection_goes_over_to_the_newer_index() -> None:
    closed: list[str] = []
    older = IndexSnapshot(retriever=FakeRetriever([]), name="older", close=lambda: closed.append("connection"))
    newer = IndexSnapshot(retriever=FakeRetriever([]), name="newer", close=older.transfer_close())
    older.close()
    assert closed == []
    newer.close()
    assert closed == ["connection"]


def test_while_milvus_is_away_questions_fail_at_once_and_one_task_knocks() -> None:
    async def scenario() -> list[str]:
        retriever = FakeRetriever(make_passages("found"), error=UnreachableError("Milvus can't be reached."))
        knocks: list[str] = []
        snapshot = IndexSnapshot(
            retriever=retriever, name="g", close=lambda: None, check=lambda: knocks.append("knock")
        )
        live = ReloadingRetriever(snapshot=snapshot, look=lambda _: None)
        for _ in range(3):
            with pytest.raises(RetrievalError):
                await live.search(QUESTION, limit=1)
        assert len(retriever.questions) == 1
        retriever.error = None
        watcher = asyncio.create_task(live.watch(60))
        while live.outage:  # noqa: ASYNC110 - the check runs in a thread
            await asyncio.sleep(0)
        found = await live.search(QUESTION, limit=1)
        watcher.cancel()
        return [*knocks, found.passages[0].text]

    assert asyncio.run(scenario()) == ["knock", "found"]


@pytest.mark.parametrize(("error", "is_trouble"), [(RetrievalError("refused"), True), (EmbeddingError("413"), False)])
def test_a_question_that_can_not_be_embedded_is_no_trouble_of_milvus(error: RagError, *, is_trouble: bool) -> None:
    async def scenario() -> bool:
        snapshot = IndexSnapshot(retriever=FakeRetriever([], error=error), name="g", close=lambda: None)
        live = ReloadingRetriever(snapshot=snapshot, look=lambda _: None)
        with pytest.raises(RetrievalError):
            await live.search(QUESTION, limit=1)
        return live.outage is not None

    assert asyncio.run(scenario()) == is_trouble


def test_a_mistake_while_looking_after_milvus_does_not_end_the_looking_after(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> int:
        looks: list[int] = []

        def look(_: IndexSnapshot) -> IndexSnapshot | None:
            looks.append(1)
            if len(looks) == 1:
                raise IndexError
            return None

        snapshot = IndexSnapshot(retriever=FakeRetriever(make_passages("x")), name="g", close=lambda: None)
        live = ReloadingRetriever(snapshot=snapshot, look=look)
        watcher = asyncio.create_task(live.watch(0.001))
        while len(looks) < 3:  # noqa: ASYNC110 - `look` runs in a thread
            await asyncio.sleep(0)
        watcher.cancel()
        return len(looks)

    monkeypatch.setattr("rag.retrieval.reloading.PROBE_EVERY_S", 0.001)
    assert asyncio.run(scenario()) >= 3
