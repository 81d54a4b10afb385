"""This file is where it is noted who asked for a person's help in a thread, whether people were called, who gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, insert, select, update

from bot.ledger.records import Call
from bot.ledger.repositories.feedback import id_of
from bot.ledger.repositories.questions import entry_of
from bot.ledger.storage.schema import escalations, questions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.domain import Key
    from bot.ledger.records import Entry
    from bot.ledger.storage.database import Database


LEFT_AFTER_S = 30.0
"""Whoever has noted that people are to be called, and has not done so by then, is gone."""


async def note_escalation(database: Database, key: Key, *, user: str, channel: str = "") -> Call | None:
    """Note that someone wants people called for a question, and return that.

    None where help was asked for in its thread before, or for no known question.
    """
    asked = questions.alias("asked")
    same_thread = (asked.c.team == questions.c.team) & (asked.c.channel == questions.c.channel)
    same_thread &= (asked.c.thread_ts == questions.c.thread_ts) & (asked.c.thread_ts != "")
    same_thread &= (asked.c.way != "private") & (questions.c.way != "private")  # nobody else sees those
    before = exists().where(escalations.c.question_id == asked.c.id).where((asked.c.id == questions.c.id) | same_thread)

    async def work(connection: AsyncConnection) -> Call | None:
        question_id = await id_of(connection, key)
        age = (database.now - questions.c.accepted_at).label("age_s")
        wanted = select(questions, age).where(questions.c.id == question_id, ~before)
        row = (await connection.execute(wanted)).first()
        if row is None:
            return None
        noted = {"question_id": question_id, "user": user, "at": database.now, "channel": channel, "posted_ts": ""}
        await connection.execute(insert(escalations).values(noted))
        return Call(entry=entry_of(row), user=user, channel=channel)

    return await database.run(work)


async def note_called(database: Database, entry: Entry, *, ts: str) -> None:
    """Note the message that has called people."""
    statement = update(escalations).where(escalations.c.question_id == entry.id).values(posted_ts=ts)

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(statement)

    await database.run(work)


async def uncalled(database: Database) -> list[Call]:
    """Take up what is noted, and nobody was called for: a crash or a stop came between."""
    left = (escalations.c.posted_ts == "") & (escalations.c.at < database.now - LEFT_AFTER_S)
    claim = update(escalations).where(left).values(at=database.now).returning(escalations.c.question_id)
    age = (database.now - questions.c.accepted_at).label("age_s")
    both = select(questions, age, escalations.c.user.label("wanted_by"), escalations.c.channel.label("wanted_in"))

    async def work(connection: AsyncConnection) -> list[Call]:
        ids = list((await connection.execute(claim)).scalars())
        joined = questions.join(escalations, escalations.c.question_id == questions.c.id)
        wanted = both.select_from(joined).where(questions.c.id.in_(ids), questions.c.text.is_not(None))
        rows = await connection.execute(wanted)
        return [Call(entry=entry_of(row), user=row.wanted_by, channel=row.wanted_in) for row in rows]

    return await database.run(work)


async def call_for(database: Database, entry: Entry) -> Call | None:
    """Return the call for a question; None where there was none."""
    statement = select(escalations).where(escalations.c.question_id == entry.id)

    async def work(connection: AsyncConnection) -> Call | None:
        row = (await connection.execute(statement)).first()
        return Call(entry=entry, user=row.user, channel=row.channel, posted_ts=row.posted_ts) if row else None

    return await database.run(work)


async def withdraw_escalation(database: Database, entry: Entry) -> None:
    """Forget that help was asked for: nobody could be told."""
    statement = delete(escalations).where(escalations.c.question_id == entry.id)

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(statement)

    await database.run(work)


async def resolve_escalation(database: Database, key: Key, *, user: str) -> str | None:
    """Note who has helped, unless someone had before; return who it was, None where no help was asked for."""

    async def work(connection: AsyncConnection) -> str | None:
        this = escalations.c.question_id == await id_of(connection, key)
        resolved = update(escalations).where(this, escalations.c.taken_by.is_(None))
        await connection.execute(resolved.values(taken_by=user, taken_at=database.now))
        return (await connection.execute(select(escalations.c.taken_by).where(this))).scalar_one_or_none()

    return await database.run(work)
