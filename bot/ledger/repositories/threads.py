"""This file is where it is known which threads the bot has joined, and in which it was told to stay quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.ledger.states import MAY_NOT_ASK
from bot.ledger.storage.schema import muted_threads, questions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.elements import ColumnElement

    from bot.domain import ThreadKey
    from bot.ledger.storage.database import Database


ASKED_OPENLY = ("mention", "direct", "command", "shortcut", "home")
"""The ways to turn to the bot that others see too."""


async def has_joined(database: Database, thread: ThreadKey) -> bool:
    """Tell whether a question was answered in this thread, and nobody has told the bot to stay quiet there."""
    team, channel, ts = thread
    told = questions.c.way.in_(ASKED_OPENLY) & (questions.c.reason != MAY_NOT_ASK)  # to ask in another way, perhaps
    asked = exists().where(
        questions.c.team == team,
        questions.c.channel == channel,
        questions.c.thread_ts == ts,
        questions.c.state.in_(("accepted", "answering", "answered", "abstained"))
        | (questions.c.state.in_(("quiet", "failed")) & told),
        questions.c.way != "private",  # nobody else has seen that answer
    )

    async def work(connection: AsyncConnection) -> bool:
        return bool((await connection.execute(select(asked & ~exists().where(_is(thread))))).scalar_one())

    return await database.run(work)


async def askers_of(database: Database, thread: ThreadKey) -> set[str]:
    """Return who has turned to the bot in this thread, in ways that everybody there saw."""
    team, channel, ts = thread
    here = (questions.c.team == team) & (questions.c.channel == channel) & (questions.c.thread_ts == ts)
    statement = select(questions.c.user).where(here, questions.c.way.in_((*ASKED_OPENLY, "support"))).distinct()

    async def work(connection: AsyncConnection) -> set[str]:
        return set((await connection.execute(statement)).scalars())

    return await database.run(work)


async def mute(database: Database, thread: ThreadKey, *, user: str) -> bool:
    """Stay quiet in a thread from now on; False where that was so already."""
    team, channel, ts = thread
    dialect = postgresql if database.dialect == "postgresql" else sqlite
    row = {"team": team, "channel": channel, "thread_ts": ts, "user": user, "at": database.now}
    statement = dialect.insert(muted_threads).values(row).on_conflict_do_nothing().returning(muted_threads.c.at)

    async def work(connection: AsyncConnection) -> bool:
        return (await connection.execute(statement)).first() is not None

    return await database.run(work)


async def unmute(database: Database, thread: ThreadKey) -> bool:
    """Answer in a thread again; False where nobody had told the bot to stay quiet."""

    async def work(connection: AsyncConnection) -> bool:
        return (await connection.execute(delete(muted_threads).where(_is(thread)))).rowcount > 0

    return await database.run(work)


def _is(thread: ThreadKey) -> ColumnElement[bool]:
    team, channel, ts = thread
    return (muted_threads.c.team == team) & (muted_threads.c.channel == channel) & (muted_threads.c.thread_ts == ts)
