"""Usage: who asks how much at a time, what that takes of the language model, what is open, what was asked last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain import RecentQuestion
from bot.ledger.states import BEING_ANSWERED, ENDED_WELL, MAY_NOT_ASK, OPEN, TOO_MANY, UNHEARD
from bot.ledger.storage.schema import IS_REMEMBERED, escalations, questions, token_usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from bot.ledger.records import Entry
    from bot.ledger.storage.database import Database

MINUTE_S = 60.0
SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
"""What tells how many bytes the database takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the ledger holds: `bytes` on disk, tokens of this day (UTC)."""

    open_questions: int
    open_escalations: int
    bytes: int
    tokens_today: int


@dataclass(frozen=True, slots=True)
class SpentTokens:
    """What the questions of a person took of a model, in its tokens."""

    user: str
    model: str
    prompt: int
    completion: int


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

    async def record_tokens(self, spent: Iterable[SpentTokens]) -> None:
        """Add what people's questions took of models today (UTC), in one transaction."""
        dialect = postgresql if self.database.dialect == "postgresql" else sqlite
        statements = []
        for one in spent:
            taken = {"prompt_tokens": one.prompt, "completion_tokens": one.completion}
            row = dialect.insert(token_usage).values(day=self._today, user=one.user, model=one.model, **taken)
            added = {name: token_usage.c[name] + number for name, number in taken.items()}
            statements.append(row.on_conflict_do_update(index_elements=["day", "user", "model"], set_=added))

        def work(connection: Connection) -> None:
            for statement in statements:
                connection.execute(statement)

        await self.database.run(work)

    async def tokens_today(self, user: str) -> tuple[int, int]:
        """Return how many tokens all questions of this day (UTC) took, and those of this person."""
        taken = token_usage.c.prompt_tokens + token_usage.c.completion_tokens
        own = func.coalesce(func.sum(case((token_usage.c.user == user, taken), else_=0)), 0)
        statement = select(func.coalesce(func.sum(taken), 0).label("every"), own.label("own"))
        row = await self.database.one(statement.where(token_usage.c.day == self._today))
        return (int(row.every), int(row.own)) if row else (0, 0)

    async def totals(self) -> Totals:
        """Return what the ledger holds, over all replicas. Of the questions an index counts those that are open."""
        is_open = questions.c.state.in_(OPEN)
        is_unresolved = escalations.c.taken_by.is_(None) & (escalations.c.user != "")
        return Totals(
            open_questions=int(await self.database.scalar(select(func.count()).where(is_open)) or 0),
            open_escalations=int(await self.database.scalar(select(func.count()).where(is_unresolved)) or 0),
            bytes=int(await self.database.scalar(text(SIZES[self.database.dialect])) or 0),
            tokens_today=(await self.tokens_today(""))[0],
        )

    @property
    def _today(self) -> ColumnElement[str]:
        """This day (UTC) by the database's clock."""
        if self.database.dialect == "postgresql":
            return func.to_char(func.timezone("UTC", func.clock_timestamp()), "YYYY-MM-DD")
        return func.date("now")

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
