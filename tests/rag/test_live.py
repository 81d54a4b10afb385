"""This file is where a running bot goes over to a newer index, and no search is cut off by it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from rag import Question, RetrievalError
from rag.domain import Retrieved
from rag.live import Generation, LiveRetriever
from tests.builders import make_passages
from tests.fakes import FakeRetriever

QUESTION = Question(text="?")


@dataclass
class SlowRetriever:
    """Answers when it is let."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def search(self, question: Question, *, limit: int) -> Retrieved:
        assert question
        self.begun.set()
        await self.let.wait()
        return Retrieved(passages=tuple(make_passages("old")[:limit]))


def test_new_questions_go_to_the_newer_index_and_the_older_closes_when_its_last_search_has_ended() -> None:
    async def scenario() -> list[str]:
        events: list[str] = []
        slow = SlowRetriever()
        older = Generation(retriever=slow, name="older", close=lambda: events.append("older closed"))
        newer = Generation(retriever=FakeRetriever(make_passages("new")), name="newer", close=lambda: None)
        live = LiveRetriever(generation=older, look=lambda generation: newer if generation is older else None)
        under_way = asyncio.create_task(live.search(QUESTION, limit=1))
        await slow.begun.wait()
        refreshing = asyncio.create_task(live.refresh())
        while live.generation is older:  # noqa: ASYNC110 - `look` runs in a thread
            await asyncio.sleep(0)
        events.append((await live.search(QUESTION, limit=1)).passages[0].text)
        slow.let.set()
        events.append((await under_way).passages[0].text)
        await refreshing
        await live.refresh()
        return events

    assert asyncio.run(scenario()) == ["new", "old", "older closed"]


def test_a_newer_index_that_can_not_be_opened_leaves_the_older_one_at_work() -> None:
    def refuse(_: Generation) -> Generation | None:
        message = "was made with another model"
        raise RetrievalError(message)

    generation = Generation(retriever=FakeRetriever(make_passages("old")), name="older", close=lambda: None)
    live = LiveRetriever(generation=generation, look=refuse)
    asyncio.run(live.refresh())
    assert asyncio.run(live.search(QUESTION, limit=1)).passages[0].text == "old"


def test_what_closes_a_shared_connection_goes_over_to_the_newer_index() -> None:
    closed: list[str] = []
    older = Generation(retriever=FakeRetriever([]), name="older", close=lambda: closed.append("connection"))
    newer = Generation(retriever=FakeRetriever([]), name="newer", close=older.hand_on())
    older.close()
    assert closed == []
    newer.close()
    assert closed == ["connection"]
