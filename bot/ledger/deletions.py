"""This file is where questions are deleted, and where it is known what they have left in Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from bot.ledger.ledger import entry_of
from bot.ledger.tables import past_answers, questions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.ledger.entries import Entry, State
    from bot.ledger.feedback import Key
    from bot.ledger.ledger import Ledger

MOST_TIDYINGS = 100
"""Tries to take away what a deleted question has left in Slack."""


async def delete_question(ledger: Ledger, key: Key) -> Entry | None:
    """Note that a question was deleted, and forget its words; return it with what was posted, None if unknown.

    Whoever works on it loses its lease. What is to be taken away for it is this process' to do, until its lease
    runs out.
    """
    team, channel, ts = key
    statement = (
        update(questions)
        .where(questions.c.team == team, questions.c.channel == channel, questions.c.ts == ts)
        .where(questions.c.state != "deleted")
        .values(state="deleted", ended_at=ledger.database.now, text=None, messages=None, reply_url=None, untidied=1)
        .values(owner=ledger.owner, lease_until=ledger.database.now + ledger.lease_s)
        .returning(questions, (ledger.database.now - questions.c.accepted_at).label("age_s"))
    )

    async def work(connection: AsyncConnection) -> Entry | None:
        row = (await connection.execute(statement)).first()
        if row is None:
            return None
        await connection.execute(delete(past_answers).where(past_answers.c.question_id == row.id))
        return entry_of(row)

    return await ledger.database.run(work)


async def untidied(ledger: Ledger) -> list[Entry]:
    """Take up deleted questions of which something may be left in Slack, and nobody sees to that."""
    left = (questions.c.untidied > 0) & (questions.c.untidied < MOST_TIDYINGS)
    statement = (
        update(questions)
        .where(questions.c.state == "deleted", left, questions.c.lease_until < ledger.database.now)
        .values(owner=ledger.owner, lease_until=ledger.database.now + ledger.lease_s, untidied=questions.c.untidied + 1)
        .returning(questions, (ledger.database.now - questions.c.accepted_at).label("age_s"))
    )

    async def work(connection: AsyncConnection) -> list[Entry]:
        return [entry_of(row) for row in await connection.execute(statement)]

    return await ledger.database.run(work)


async def note_tidied(ledger: Ledger, entry: Entry) -> None:
    """Note that nothing is left in Slack of a deleted question."""
    statement = update(questions).where(questions.c.id == entry.id).values(untidied=0)

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(statement)

    await ledger.database.run(work)


async def fate(ledger: Ledger, entry: Entry) -> tuple[State, Entry]:
    """Return how a question that is ours no more stands, and its state."""
    age = (ledger.database.now - questions.c.accepted_at).label("age_s")
    statement = select(questions, age).where(questions.c.id == entry.id)

    async def work(connection: AsyncConnection) -> tuple[State, Entry]:
        row = (await connection.execute(statement)).one()
        return row.state, entry_of(row)

    return await ledger.database.run(work)
