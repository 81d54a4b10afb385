"""This file is where it is noted who asked for a person's help in a thread, and who gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, insert, select, update

from bot.ledger.feedback import Key, id_of
from bot.ledger.ledger import entry_of
from bot.ledger.tables import escalations, questions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.ledger.database import Database
    from bot.ledger.entries import Entry


async def note_escalation(database: Database, key: Key, *, user: str) -> Entry | None:
    """Note that someone asked for a person's help with a question, and return that question.

    None where help was asked for in its thread before, or for no known question.
    """
    asked = questions.alias("asked")
    same_thread = (asked.c.team == questions.c.team) & (asked.c.channel == questions.c.channel)
    same_thread &= (asked.c.thread_ts == questions.c.thread_ts) & (asked.c.thread_ts != "")
    same_thread &= (asked.c.way != "private") & (questions.c.way != "private")  # nobody else sees those
    before = exists().where(escalations.c.question_id == asked.c.id).where((asked.c.id == questions.c.id) | same_thread)

    async def work(connection: AsyncConnection) -> Entry | None:
        question_id = await id_of(connection, key)
        age = (database.now - questions.c.accepted_at).label("age_s")
        wanted = select(questions, age).where(questions.c.id == question_id, ~before)
        row = (await connection.execute(wanted)).first()
        if row is None:
            return None
        await connection.execute(insert(escalations).values(question_id=question_id, user=user, at=database.now))
        return entry_of(row)

    return await database.run(work)


async def withdraw_escalation(database: Database, key: Key) -> None:
    """Forget that help was asked for: nobody could be told."""

    async def work(connection: AsyncConnection) -> None:
        question_id = await id_of(connection, key)
        await connection.execute(delete(escalations).where(escalations.c.question_id == question_id))

    await database.run(work)


async def resolve_escalation(database: Database, key: Key, *, user: str) -> bool:
    """Note who has helped; False where someone had before, or no help was asked for."""

    async def work(connection: AsyncConnection) -> bool:
        open_ = (escalations.c.question_id == await id_of(connection, key)) & escalations.c.taken_by.is_(None)
        resolved = update(escalations).where(open_).values(taken_by=user, taken_at=database.now)
        return (await connection.execute(resolved)).rowcount > 0

    return await database.run(work)
