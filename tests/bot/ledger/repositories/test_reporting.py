"""Reporting: what was asked in a time, and whose the report of a week is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.ledger import State, open_ledger
from bot.ledger.repositories import reporting
from tests.bot.ledger.support import MESSAGES, OUTCOME, two_replicas
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    import pytest

DUE = 1_700_000_000.0


def test_one_replica_claims_a_report_and_another_one_when_its_lease_is_over(url: str) -> None:
    async def scenario() -> list[bool | None]:
        async with two_replicas(url) as (one, two):
            claims = [await one.reporting.claim("T1", DUE), await two.reporting.claim("T1", DUE)]
            await one.database.changed(text("UPDATE reports SET lease_until = 0"))
            claims += [await two.reporting.claim("T1", DUE), await one.reporting.claim("T1", DUE)]
            await two.reporting.record_posted("T1", DUE, "1.5")
            await one.database.changed(text("UPDATE reports SET lease_until = 0"))
            return [*claims, await one.reporting.claim("T1", DUE), await one.reporting.claim("T1", DUE + 7)]

    assert asyncio.run(scenario()) == [True, None, False, None, None, True]


def test_what_was_asked_is_read_page_by_page_without_what_was_deleted(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "PAGE", 2)

    async def scenario() -> list[tuple[str, State, int]]:
        async with open_ledger(url) as ledger:
            for number in range(5):
                question = replace(A_QUESTION, ts=f"1700000000.{number:06d}")
                entry = await ledger.questions.accept(question)
                assert entry
                entry = await ledger.questions.start_attempt(entry)
                entry = await ledger.questions.record_answer(entry, MESSAGES, OUTCOME)
                await ledger.questions.finish(entry, State.ANSWERED)
            await ledger.deletion.delete(replace(A_QUESTION, ts="1700000000.000001").ref)
            now = await ledger.reporting.time()
            asked = [one async for one in ledger.reporting.asked(now - 60, now + 60)]
            assert [one async for one in ledger.reporting.asked(now - 120, now - 60)] == []
            assert all(one.took_s is not None and one.took_s < 60 for one in asked)
            return [(one.question.ts[-1], one.state, len(one.messages)) for one in asked]

    assert asyncio.run(scenario()) == [(ts, State.ANSWERED, 2) for ts in "0234"]


def test_votes_and_calls_for_a_person_are_those_of_the_time(url: str) -> None:
    async def scenario() -> tuple[list[tuple[bool, str]], int, int]:
        async with open_ledger(url) as ledger:
            assert await ledger.questions.accept(A_QUESTION)
            await ledger.feedback.record(A_QUESTION.ref, user="U1", liked=False, reason="wrong: no")
            await ledger.feedback.record(A_QUESTION.ref, user="U2", liked=True)
            await ledger.escalations.request(A_QUESTION.ref, user="U1")
            now = await ledger.reporting.time()
            votes = await ledger.reporting.votes(now - 60, now + 60)
            past = await ledger.reporting.votes(now - 120, now - 60)
            called = await ledger.reporting.escalated(now - 60, now + 60)
            return [(vote.liked, vote.reason) for vote in votes], called, len(past)

    assert asyncio.run(scenario()) == ([(False, "wrong: no"), (True, "")], 1, 0)


def test_what_is_kept_of_a_person_is_all_there_and_nobody_elses(url: str) -> None:
    async def scenario() -> tuple[list[str], int, int]:
        async with open_ledger(url) as ledger:
            assert await ledger.questions.accept(A_QUESTION, reply_url="https://hooks.example/secret")
            assert await ledger.questions.accept(
                replace(A_QUESTION, ts="1700000000.000009", user="U0OTHER", text="mine")
            )
            await ledger.feedback.record(A_QUESTION.ref, user="U0ASKER", liked=True)
            kept = await ledger.personal_data.export("U0ASKER")
            assert "reply_url" not in kept["questions"][0]
            return [row["text"] for row in kept["questions"]], len(kept["feedback"]), len(kept["escalations"])

    assert asyncio.run(scenario()) == (["why?"], 1, 0)
