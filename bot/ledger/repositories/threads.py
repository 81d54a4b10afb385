"""Threads: which ones the bot has joined, and in which it was told to stay quiet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain import ThreadRef
from bot.ledger.repositories.rows import is_in_thread
from bot.ledger.states import BEING_ANSWERED, ENDED_WELL, MAY_NOT_ASK, UNHEARD, State
from bot.ledger.storage.schema import IS_REMEMBERED, muted_threads, questions

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from bot.ledger.storage.database import Database

LATELY_S = 14 * 86_400.0
MOST_PLACES = 100
ASKED_OPENLY = ("mention", "direct", "command", "shortcut", "home")
"""The ways to turn to the bot that others see too."""


@dataclass(frozen=True, slots=True)
class Threads:
    """What is known of threads."""

    database: Database

    async def has_joined(self, thread: ThreadRef) -> bool:
        """Tell whether a question was answered in this thread, and nobody has told the bot to stay quiet there."""
        was_told = questions.c.state.in_((State.QUIET, State.FAILED)) & questions.c.origin.in_(ASKED_OPENLY)
        was_told &= questions.c.reason != MAY_NOT_ASK  # to ask in another way, perhaps
        asked = exists().where(
            is_in_thread(thread),
            questions.c.state.in_((*BEING_ANSWERED, *ENDED_WELL)) | was_told,
            questions.c.origin != "private",  # nobody else has seen that answer
        )
        return bool(await self.database.scalar(select(asked & ~exists().where(_is_muted(thread)))))

    async def askers(self, thread: ThreadRef) -> set[str]:
        """Return who has turned to the bot in this thread, in ways that everybody there saw."""
        openly = questions.c.origin.in_((*ASKED_OPENLY, "support")) & questions.c.state.not_in(UNHEARD)
        statement = select(questions.c.user).where(is_in_thread(thread), openly).distinct()
        return {row.user for row in await self.database.rows(statement)}

    async def busiest_channels(self, team: str) -> list[str]:
        """Return the channels and direct messages that were asked in of late, those with most questions first."""
        channel = questions.c.channel.concat("")
        statement = (
            select(channel.label("channel"))
            .where(_is_of_late(team, await self.database.time()))
            .group_by(channel)
            .order_by(func.count().desc(), channel)
            .limit(MOST_PLACES)
        )
        return [row.channel for row in await self.database.rows(statement)]

    async def latest(self, team: str) -> list[ThreadRef]:
        """Return the threads that were asked in of late and that others see, the latest first."""
        channel = questions.c.channel.concat("")
        is_seen = (questions.c.origin != "private") & (questions.c.thread_ts != "")
        statement = (
            select(channel.label("channel"), questions.c.thread_ts)
            .where(_is_of_late(team, await self.database.time()))
            .where(is_seen)
            .group_by(channel, questions.c.thread_ts)
            .order_by(func.max(questions.c.accepted_at).desc())
            .limit(MOST_PLACES)
        )
        return [ThreadRef(team, row.channel, row.thread_ts) for row in await self.database.rows(statement)]

    async def mute(self, thread: ThreadRef, *, user: str) -> bool:
        """Stay quiet in a thread from now on; False where that was so already."""
        dialect = postgresql if self.database.dialect == "postgresql" else sqlite
        where = {"team": thread.team, "channel": thread.channel, "thread_ts": thread.thread_ts}
        row = {**where, "user": user, "at": self.database.now}
        statement = dialect.insert(muted_threads).values(row).on_conflict_do_nothing().returning(muted_threads.c.at)
        return await self.database.one(statement) is not None

    async def unmute(self, thread: ThreadRef) -> bool:
        """Answer in a thread again; False where nobody had told the bot to stay quiet."""
        return await self.database.changed(delete(muted_threads).where(_is_muted(thread))) > 0


def _is_of_late(team: str, now: float) -> ColumnElement[bool]:
    """Tell what was asked of late. It is found by its time: by team, channel and thread SQLite would read everything.

    So these are written as what no index holds.
    """
    is_of_late = (questions.c.accepted_at > now - LATELY_S) & IS_REMEMBERED
    return is_of_late & (questions.c.team.concat("") == team)


def _is_muted(thread: ThreadRef) -> ColumnElement[bool]:
    same_channel = (muted_threads.c.team == thread.team) & (muted_threads.c.channel == thread.channel)
    return same_channel & (muted_threads.c.thread_ts == thread.thread_ts)
