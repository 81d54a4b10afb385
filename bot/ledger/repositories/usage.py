"""This file is where it is counted who asks how much at a time, and read what a person asked last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.domain import Asked
from bot.ledger.states import MAY_NOT_ASK, TOO_MANY
from bot.ledger.storage.schema import questions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.ledger.records import Entry
    from bot.ledger.storage.database import Database


MINUTE_S = 60.0


async def count_before(database: Database, entry: Entry) -> tuple[int, int]:
    """Return how many questions the same person, and anyone in the same channel, asked in the minute before."""
    inquiry = entry.inquiry
    this = select(questions.c.accepted_at).where(questions.c.id == entry.id).scalar_subquery()
    before = (questions.c.id < entry.id) & (questions.c.accepted_at > this - MINUTE_S)
    before &= (questions.c.team == inquiry.team) & questions.c.reason.not_in((TOO_MANY, MAY_NOT_ASK))
    of_user = select(func.count()).where(before, questions.c.user == inquiry.user).scalar_subquery()
    in_channel = select(func.count()).where(before, questions.c.channel == inquiry.channel).scalar_subquery()

    async def work(connection: AsyncConnection) -> tuple[int, int]:
        row = (await connection.execute(select(of_user, in_channel))).one()
        return int(row[0]), int(row[1])

    return await database.run(work)


async def asked_last(database: Database, user: str, *, limit: int) -> list[Asked]:
    """Return what a person asked last, the newest first; what has no message in Slack, or is forgotten, is left out."""
    statement = (
        select(questions.c.channel, questions.c.ts, questions.c.thread_ts, questions.c.text)
        .where(questions.c.user == user, questions.c.text.is_not(None), questions.c.thread_ts != "")
        .where(questions.c.state.in_(("accepted", "answering", "answered", "abstained")), questions.c.way != "private")
        .order_by(questions.c.id.desc())
        .limit(limit)
    )

    async def work(connection: AsyncConnection) -> list[Asked]:
        return [
            Asked(
                channel=row.channel,
                ts=row.thread_ts if " " in row.ts else row.ts,
                thread_ts=row.thread_ts,
                text=row.text,
            )
            for row in await connection.execute(statement)
        ]

    return await database.run(work)
