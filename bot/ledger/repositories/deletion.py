"""This file is where questions are deleted, and where it is known what they have left in Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, delete, select, update

from bot.ledger.repositories.questions import entry_of
from bot.ledger.states import OPEN
from bot.ledger.storage.schema import escalations, feedback, muted_threads, past_answers, questions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.elements import ColumnElement

    from bot.domain import Key
    from bot.ledger.records import Entry
    from bot.ledger.repositories.questions import Ledger
    from bot.ledger.states import State
    from bot.ledger.storage.database import Database


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


DAY_S = 86_400


async def forget_older_than(database: Database, days: int) -> int:
    """Delete what was asked and said so many days ago, and by whom; return how many questions that were."""
    old = questions.c.accepted_at < database.now - days * DAY_S

    async def work(connection: AsyncConnection) -> int:
        ids = select(questions.c.id).where(old).scalar_subquery()
        opinions = update(feedback).where(feedback.c.question_id.in_(ids)).values(user=None, reason=None)
        await connection.execute(opinions)
        calls = update(escalations).where(escalations.c.question_id.in_(ids))
        await connection.execute(
            calls.values(user="", taken_by=case((escalations.c.taken_by.is_(None), None), else_=""))
        )
        await connection.execute(update(questions).where(old, questions.c.stopped_by != "").values(stopped_by="-"))
        muted = muted_threads.c.at < database.now - days * DAY_S
        await connection.execute(update(muted_threads).where(muted).values(user=""))
        return await _forget_questions(connection, old)

    return await database.run(work)


async def forget_user(database: Database, user: str) -> int:
    """Delete what a person asked and said, and that it was theirs; return how many questions that were."""

    async def work(connection: AsyncConnection) -> int:
        await connection.execute(update(feedback).where(feedback.c.user == user).values(user=None, reason=None))
        await connection.execute(update(questions).where(questions.c.stopped_by == user).values(stopped_by="-"))
        await connection.execute(update(muted_threads).where(muted_threads.c.user == user).values(user=""))
        await connection.execute(update(escalations).where(escalations.c.user == user).values(user=""))
        await connection.execute(update(escalations).where(escalations.c.taken_by == user).values(taken_by=""))
        return await _forget_questions(connection, questions.c.user == user)

    return await database.run(work)


async def _forget_questions(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    """A question that is still open is deleted: whoever works on it loses its lease."""
    ids = select(questions.c.id).where(which).scalar_subquery()
    await connection.execute(delete(past_answers).where(past_answers.c.question_id.in_(ids)))
    statement = (
        update(questions)
        .where(which, questions.c.user != "")
        .values(
            user="",
            text=None,
            messages=None,
            reply_url=None,
            state=case((questions.c.state.in_(OPEN), "deleted"), else_=questions.c.state),
        )
    )
    return (await connection.execute(statement)).rowcount
