"""Questions: claimed, leased, released and finished, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.ledger import LostLeaseError, State, open_ledger
from bot.ledger.storage.processes import is_dead, this_process
from tests.bot.ledger.support import MESSAGES, OUTCOME, owned_by, row, run_out_of_time, two_replicas
from tests.builders import A_QUESTION


def test_of_all_that_claim_a_question_at_once_one_gets_it(url: str) -> None:
    async def scenario() -> int:
        async with two_replicas(url) as (one, two):
            claims = await asyncio.gather(*(ledger.questions.accept(A_QUESTION) for ledger in (one, two) * 10))
            other = await one.questions.accept(replace(A_QUESTION, ts="1700000000.000003"))
        assert other is not None
        return sum(claim is not None for claim in claims)

    assert asyncio.run(scenario()) == 1


def test_what_an_answer_rests_on_and_took_is_kept_and_its_reply_address_is_not(url: str) -> None:
    async def scenario() -> dict[str, object]:
        async with open_ledger(url) as ledger:
            entry = await ledger.questions.accept(A_QUESTION, reply_url="https://hooks.example/secret")
            assert entry
            entry = await ledger.questions.start_attempt(entry)
            assert await ledger.questions.reply_url(entry) == "https://hooks.example/secret"
            entry = await ledger.questions.record_answer(entry, MESSAGES, OUTCOME)
            entry = await ledger.questions.record_posted(entry, {0: "1.1", 1: "1.2"})
            assert (entry.messages, entry.posted, entry.kind) == (tuple(MESSAGES), {0: "1.1", 1: "1.2"}, "grounded")
            await ledger.questions.finish(entry, State.ANSWERED)
            assert await ledger.questions.counts() == {"answered": 1}
            return await row(ledger)

    kept = asyncio.run(scenario())
    assert kept["state"] == "answered"
    assert kept["reply_url"] is None
    assert str(kept["accepted_at"]) <= str(kept["begun_at"]) <= str(kept["ended_at"])
    assert "p1" in str(kept["passages"])
    assert "900" in str(kept["tokens"])
    assert "mistral-7b" in str(kept["versions"])


def test_a_lease_that_runs_out_is_taken_over_with_all_that_was_done(url: str) -> None:
    async def scenario() -> None:
        async with two_replicas(url) as (one, two):
            entry = await two.questions.accept(A_QUESTION)
            assert entry
            entry = await two.questions.record_answer(await two.questions.start_attempt(entry), MESSAGES, OUTCOME)
            entry = await two.questions.record_posted(entry, {0: "1.1"})
            assert await one.questions.reclaim() == []
            await run_out_of_time(two)
            taken = await one.questions.reclaim()
            assert taken[0].posted == {0: "1.1"}
            assert taken[0].messages == tuple(MESSAGES)
            assert taken[0].claims == 2
            with pytest.raises(LostLeaseError):
                await two.questions.record_posted(entry, {0: "1.1", 1: "1.2"})
            assert await two.questions.renew_leases([entry.id]) == {}
            await one.questions.finish(taken[0], State.ANSWERED)
            assert await two.questions.reclaim() == []

    asyncio.run(scenario())


def test_a_lease_that_is_renewed_is_not_taken_over(url: str) -> None:
    async def scenario() -> None:
        async with two_replicas(url) as (one, two):
            entry = await two.questions.accept(A_QUESTION)
            assert entry
            await run_out_of_time(two)
            assert await two.questions.renew_leases([entry.id]) == {entry.id: False}
            assert await one.questions.reclaim() == []

    asyncio.run(scenario())


def test_what_is_handed_on_is_taken_up_at_once_and_is_no_failed_attempt(url: str) -> None:
    async def scenario() -> int:
        async with two_replicas(url) as (one, two):
            entry = await two.questions.accept(A_QUESTION)
            assert entry
            await two.questions.release([entry.id])
            (taken,) = await one.questions.reclaim()
            return taken.claims

    assert asyncio.run(scenario()) == 1


def test_what_a_dead_process_of_this_machine_left_is_taken_up_at_once(url: str) -> None:
    async def scenario() -> int:
        async with open_ledger(url) as ledger:
            machine, _, _ = this_process().split("/")
            dead = owned_by(f"{machine}/{2**22 - 1}/x", ledger)
            assert await dead.questions.accept(A_QUESTION)
            return len(await ledger.questions.reclaim())

    assert asyncio.run(scenario()) == 1
    assert not is_dead(this_process())
    assert not is_dead("another machine/1/x")


def test_two_replicas_never_reclaim_the_same_question(url: str) -> None:
    async def scenario() -> list[int]:
        async with two_replicas(url) as (one, two):
            entries = [await one.questions.accept(replace(A_QUESTION, ts=f"1.{number}")) for number in range(40)]
            await one.questions.release([entry.id for entry in entries if entry])
            taken = await asyncio.gather(*(ledger.questions.reclaim(5) for ledger in (one, two) * 4))
            return sorted(entry.id for some in taken for entry in some)

    ids = asyncio.run(scenario())
    assert len(ids) == len(set(ids)) == 40
