"""Usage: who asks how much at a time, and what a person asked last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from bot.domain import RecentQuestion
from bot.ledger.states import BEING_ANSWERED, ENDED_WELL, MAY_NOT_ASK, TOO_MANY, UNHEARD
from bot.ledger.storage.schema import IS_REMEMBERED, questions

if TYPE_CHECKING:
    from bot.ledger.records import Entry
    from bot.ledger.storage.database import Database

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts and lists what people ask."""

    database: Database

    async def count_in_last_minute(self, entry: Entry) -> tuple[int, int]:
        """Return how many questions the same person, and anyone in the same channel, asked in the minute before."""
        question = entry.question
        this = select(questions.c.accepted_at).where(questions.c.id == entry.id).scalar_subquery()
        counts = (questions.c.id < entry.id) & (questions.c.team == question.team)
        counts &= questions.c.reason.not_in((TOO_MANY, MAY_NOT_ASK)) & questions.c.state.not_in(UNHEARD)
        of_user = func.sum(case((counts & (questions.c.user == question.user), 1), else_=0))
        in_channel = func.sum(case((counts & (questions.c.channel == question.channel), 1), else_=0))
        # They are found by the time alone: all that a person or a channel ever asked is much more.
        statement = select(of_user.label("of_user"), in_channel.label("in_channel"))
        row = await self.database.one(statement.where(questions.c.accepted_at > this - MINUTE_S, IS_REMEMBERED))
        return (int(row.of_user or 0), int(row.in_channel or 0)) if row else (0, 0)

    async def recent(self, user: str, *, limit: int) -> list[RecentQuestion]:
        """Return what a person asked last, the newest first; what has no message in Slack, or is forgotten, not."""
        statement = (
            select(questions.c.channel, questions.c.ts, questions.c.thread_ts, questions.c.text)
            .where(questions.c.user == user, questions.c.text.is_not(None), questions.c.thread_ts != "")
            .where(questions.c.state.in_((*BEING_ANSWERED, *ENDED_WELL)), questions.c.origin != "private")
            .order_by(questions.c.id.desc())
            .limit(limit)
        )
        return [
            RecentQuestion(
                channel=row.channel,
                ts=row.thread_ts if " " in row.ts else row.ts,
                thread_ts=row.thread_ts,
                text=row.text,
            )
            for row in await self.database.rows(statement)
        ]
