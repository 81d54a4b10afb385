"""This file is where text is deleted from the ledger, by age or by person; what is only counted stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, delete, select, update

from bot.ledger.tables import OPEN, escalations, feedback, muted_threads, past_answers, questions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.elements import ColumnElement

    from bot.ledger.database import Database

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
