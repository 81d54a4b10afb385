"""Outages: noted when nobody is connected, and caught up on by one replica."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.bot.ledger.support import owned_by, two_replicas
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.ledger import Ledger

TEAM = "T0TEAM"


def play(url: str, act: Callable[[Ledger, Ledger], Awaitable[None]]) -> None:
    async def scenario() -> None:
        async with two_replicas(url) as (one, two):
            await act(one, two)

    asyncio.run(scenario())


async def pass_time(ledger: Ledger, seconds: int) -> None:
    for what in ("replicas SET connected_at = connected_at", "outages SET lease_until = lease_until"):
        await ledger.database.changed(text(f"UPDATE {what} - {seconds}"))


def test_a_replica_that_finds_nobody_connected_catches_up_since_the_last_event(url: str) -> None:
    async def act(one: Ledger, two: Ledger) -> None:
        await two.outages.record_connected(TEAM, seen_until_ts=1700.5)
        await pass_time(one, 31)
        assert await one.outages.note(TEAM) == 1700.5
        await one.outages.record_connected(TEAM, seen_until_ts=1900.0)
        await two.outages.note(TEAM)
        outage = await two.outages.claim(TEAM)
        assert outage
        assert outage.since_ts == 1700.5
        assert await one.outages.claim(TEAM) is None
        assert await two.outages.renew(TEAM)
        await two.outages.end(TEAM, outage)
        assert not await two.outages.renew(TEAM)
        assert await one.outages.claim(TEAM) is None

    play(url, act)


def test_one_that_was_noted_again_meanwhile_is_not_over(url: str) -> None:
    async def act(one: Ledger, two: Ledger) -> None:
        await one.outages.record_connected(TEAM, seen_until_ts=1700.5)
        await one.outages.note(TEAM)
        first = await one.outages.claim(TEAM)
        assert first
        await one.outages.note(TEAM, since_ts=1800.0)
        await one.outages.end(TEAM, first)
        again = await two.outages.claim(TEAM)
        assert again
        assert (again.since_ts, again.noted) == (1700.5, 2)

    play(url, act)


def test_one_that_is_postponed_is_left_alone_for_a_while_and_then_anybodys(url: str) -> None:
    async def act(one: Ledger, two: Ledger) -> None:
        await one.outages.record_connected(TEAM, seen_until_ts=1700.5)
        await one.outages.note(TEAM)
        assert await one.outages.claim(TEAM)
        await one.outages.postpone(TEAM, 60.0)
        assert await two.outages.claim(TEAM) is None
        await pass_time(one, 61)
        assert await two.outages.claim(TEAM)

    play(url, act)


def test_while_another_replica_is_connected_there_is_no_outage(url: str) -> None:
    async def act(one: Ledger, two: Ledger) -> None:
        await two.outages.record_connected(TEAM, seen_until_ts=1700.5)
        await one.outages.note(TEAM)
        assert await one.outages.claim(TEAM) is None

    play(url, act)


def test_a_process_of_this_machine_that_is_gone_is_not_connected(url: str) -> None:
    async def act(one: Ledger, _: Ledger) -> None:
        machine = one.questions.owner.split("/")[0]
        gone = owned_by(f"{machine}/4194305/x", one)
        await gone.outages.record_connected(TEAM, seen_until_ts=1700.5)
        await one.outages.note(TEAM)
        assert await gone.outages.claim(TEAM)
        assert await one.outages.claim(TEAM)  # it took it up and ended

    play(url, act)


def test_an_outage_whose_replica_gives_no_sign_is_another_ones(url: str) -> None:
    async def act(one: Ledger, two: Ledger) -> None:
        await one.outages.record_connected(TEAM, seen_until_ts=1700.5)
        await one.outages.note(TEAM)
        assert await two.outages.claim(TEAM)
        await pass_time(one, 181)
        assert await one.outages.claim(TEAM)
        assert not await two.outages.renew(TEAM)

    play(url, act)


def test_where_no_replica_ever_was_nothing_was_missed(url: str) -> None:
    async def act(one: Ledger, _: Ledger) -> None:
        await one.questions.accept(replace(A_QUESTION, ts="1800.000002"))  # by an older release
        assert await one.outages.note(TEAM) == 0.0
        await one.outages.record_connected(TEAM, seen_until_ts=0.0)
        assert await one.outages.claim(TEAM) is None

    play(url, act)


def test_a_question_was_seen_too_though_its_replica_ended_before_it_said_so(url: str) -> None:
    async def act(one: Ledger, _: Ledger) -> None:
        await one.outages.record_connected(TEAM, seen_until_ts=0.0)
        for ts in ("1800.000002", "1700.000001", "command 1.2"):
            await one.questions.accept(replace(A_QUESTION, ts=ts))
        assert await one.outages.note(TEAM) == 1800.000002

    play(url, act)


def test_workspaces_have_outages_of_their_own(url: str) -> None:
    async def act(one: Ledger, _: Ledger) -> None:
        await one.outages.record_connected("T0OTHER", seen_until_ts=1700.5)
        await one.outages.note(TEAM)
        assert await one.outages.claim(TEAM) is None

    play(url, act)
