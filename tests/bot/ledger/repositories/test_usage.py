"""Usage: tokens by day and person, what is open, and that a person is forgotten out of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.ledger import SpentTokens, open_ledger
from tests.bot.ledger.support import two_replicas
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from bot.ledger.repositories.usage import Totals


def test_the_tokens_of_a_day_are_those_of_all_replicas_and_each_persons_own(url: str) -> None:
    async def scenario() -> list[tuple[int, int]]:
        async with two_replicas(url) as (one, two):
            await one.usage.record_tokens([SpentTokens("U1", "a", 100, 10)])
            await two.usage.record_tokens([SpentTokens("U1", "a", 100, 10)])
            await two.usage.record_tokens([SpentTokens("U1", "b", 5, 0)])
            await two.usage.record_tokens([SpentTokens("U2", "a", 1, 1)])
            return [await one.usage.tokens_today(user) for user in ("U1", "U2", "U3")]

    assert asyncio.run(scenario()) == [(227, 225), (227, 2), (227, 0)]


def test_another_days_tokens_do_not_count(url: str) -> None:
    async def scenario() -> tuple[int, int]:
        async with open_ledger(url) as ledger:
            await ledger.usage.record_tokens([SpentTokens("U1", "a", 100, 10)])
            await ledger.database.changed(text("UPDATE token_usage SET day = '2020-01-01'"))
            return await ledger.usage.tokens_today("U1")

    assert asyncio.run(scenario()) == (0, 0)


def test_a_forgotten_persons_tokens_are_nobodys_and_still_count(url: str) -> None:
    async def scenario() -> tuple[tuple[int, int], list[str]]:
        async with open_ledger(url) as ledger:
            for user in ("U1", "U2"):
                await ledger.usage.record_tokens([SpentTokens(user, "a", 10, 1)])
                await ledger.deletion.forget_user(user)
            users = await ledger.database.rows(text('SELECT "user" FROM token_usage'))
            return await ledger.usage.tokens_today("U1"), [row[0] for row in users]

    assert asyncio.run(scenario()) == ((22, 0), [""])


def test_with_time_tokens_are_nobodys_and_audit_lines_go(url: str) -> None:
    async def scenario() -> tuple[list[str], int]:
        async with open_ledger(url) as ledger:
            await ledger.usage.record_tokens([SpentTokens("U1", "a", 10, 1)])
            await ledger.personal_data.record_audit(actor="root@here", action="export", subject="U1")
            await ledger.database.changed(text("UPDATE token_usage SET day = '2020-01-01'"))
            await ledger.database.changed(text("UPDATE audit SET at = 0"))
            await ledger.deletion.forget_older_than(90)
            users = await ledger.database.rows(text('SELECT "user" FROM token_usage'))
            return [row[0] for row in users], int(await ledger.database.scalar(text("SELECT count(*) FROM audit")))

    assert asyncio.run(scenario()) == ([""], 0)


def test_what_is_open_is_counted(url: str) -> None:
    async def scenario() -> tuple[Totals, Totals]:
        async with open_ledger(url) as ledger:
            before = await ledger.usage.totals()
            assert await ledger.questions.accept(A_QUESTION)
            assert await ledger.escalations.request(A_QUESTION.ref, user="U1")
            return before, await ledger.usage.totals()

    before, after = asyncio.run(scenario())
    assert (before.open_questions, before.open_escalations) == (0, 0)
    assert (after.open_questions, after.open_escalations, after.tokens_today) == (1, 1, 0)
    assert after.bytes > 10_000
