"""Posts that are undecided when they are accepted, and what is left of those that are not heard."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.domain import UnreadFile
from bot.ledger import LostLeaseError, State, open_ledger
from tests.bot.ledger.support import MESSAGES, OUTCOME, owned_by, row, run_out_of_time
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from bot.ledger import Entry, Ledger

UNDECIDED = replace(
    A_QUESTION,
    text="the release is out",
    origin="support",
    is_undecided=True,
    files=(UnreadFile(id="F1", name="notes.txt"),),
)
REWORDED = replace(UNDECIDED, text="the release is out, and load fails", edited_ts="1700000009.0", files=())


async def accept(ledger: Ledger) -> Entry:
    entry = await ledger.questions.accept(UNDECIDED)
    assert entry
    assert entry.is_undecided
    return entry


async def not_heard(ledger: Ledger) -> None:
    await ledger.questions.finish_unheard(await accept(ledger))


def test_what_is_not_heard_is_wiped_at_once(url: str) -> None:
    async def scenario() -> None:
        async with open_ledger(url) as ledger:
            await not_heard(ledger)
            kept = await row(ledger)
            assert (kept["state"], kept["text"], kept["messages"]) == ("not_heard", None, None)
            assert not {"release", "notes.txt"} & set(str(kept).split("'"))
            assert "release" not in str(kept)
            assert "notes.txt" not in str(kept)
            assert await ledger.questions.accept(UNDECIDED) is None, "a redelivery is known"
            assert await ledger.questions.reclaim() == []

    asyncio.run(scenario())


def test_an_undecided_post_survives_its_process(url: str) -> None:
    async def scenario() -> None:
        async with open_ledger(url) as ledger:
            await accept(ledger)
            await run_out_of_time(ledger)
            (entry,) = await owned_by("elsewhere/1/x", ledger).questions.reclaim()
            assert entry.is_undecided
            with pytest.raises(LostLeaseError):
                await ledger.questions.finish_unheard(entry)

    asyncio.run(scenario())


def test_a_post_that_is_heard_goes_the_way_of_every_question(url: str) -> None:
    async def scenario() -> None:
        async with open_ledger(url) as ledger:
            entry = await ledger.questions.start_attempt(await accept(ledger))
            assert not entry.is_undecided
            await ledger.questions.finish(entry, State.ANSWERED)
            assert (await row(ledger))["state"] == "answered"

    asyncio.run(scenario())


def test_an_edit_makes_what_was_not_heard_undecided_again(url: str) -> None:
    async def scenario() -> None:
        async with open_ledger(url) as ledger:
            await not_heard(ledger)
            entry = await ledger.revisions.reword(REWORDED)
            assert entry
            assert (entry.is_undecided, entry.question.text) == (True, REWORDED.text)
            mentioned = replace(REWORDED, origin="mention", is_undecided=False, edited_ts="1700000010.0")
            entry = await ledger.revisions.reword(mentioned)
            assert entry
            assert not entry.is_undecided

    asyncio.run(scenario())


def test_an_answered_post_that_is_edited_is_undecided_until_it_is_heard_and_keeps_its_answer(url: str) -> None:
    async def scenario() -> None:
        async with open_ledger(url) as ledger:
            entry = await ledger.questions.start_attempt(await accept(ledger))
            entry = await ledger.questions.record_answer(entry, MESSAGES, OUTCOME)
            await ledger.questions.finish(replace(entry, posted={0: "1.1", 1: "1.2"}), State.ANSWERED)
            again = await ledger.revisions.reword(REWORDED)
            assert again
            assert again.is_undecided
            again = await ledger.questions.start_attempt(again)
            assert await ledger.revisions.restore(again, reason="asks nothing")
            assert (await row(ledger))["state"] == "answered"

    asyncio.run(scenario())


def test_what_is_undecided_or_not_heard_counts_as_no_question(url: str) -> None:
    async def scenario() -> None:
        async with open_ledger(url) as ledger:
            entry = await accept(ledger)
            later = await ledger.questions.accept(replace(A_QUESTION, ts="1700000001.000001", thread_ts="1.0"))
            assert later
            for _ in range(2):
                assert not await ledger.threads.has_joined(UNDECIDED.thread)
                assert await ledger.threads.askers(UNDECIDED.thread) == set()
                assert await ledger.usage.count_in_last_minute(later) == (0, 0)
                if entry.is_undecided:
                    await ledger.questions.finish_unheard(entry)
                    entry = replace(entry, is_undecided=False)

    asyncio.run(scenario())
