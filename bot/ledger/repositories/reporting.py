"""Reporting: what was asked in a time, how it was liked, and which replica posts the report of a week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain import SlackMessage
from bot.ledger.repositories.rows import question_of
from bot.ledger.states import UNHEARD, State
from bot.ledger.storage.processes import is_dead
from bot.ledger.storage.schema import escalations, feedback, questions, reports, token_usage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sqlalchemy import Column, Connection, Table

    from bot.domain import SlackQuestion
    from bot.ledger.storage.database import Database

PAGE = 500
"""Rows of one transaction: what Slack waits for does not wait for a report."""
LEASE_S = 300.0
"""How long a report stays with a replica that gives no sign of life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedQuestion:
    """A question with what came of it; `took_s` is None where it has not ended."""

    id: int
    question: SlackQuestion
    state: State
    reason: str
    kind: str
    messages: tuple[SlackMessage, ...]
    took_s: float | None


@dataclass(frozen=True, slots=True)
class Vote:
    """A thumb: `reason` is what was chosen and said, "" for nothing."""

    question_id: int
    liked: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Reporting:
    """Reads what a report tells; `owner` is this process' name."""

    database: Database
    owner: str

    async def time(self) -> float:
        """Return what the database's clock says."""
        return await self.database.time()

    async def asked(self, since: float, until: float, *, with_messages: bool = True) -> AsyncIterator[AskedQuestion]:
        """Yield the questions that were accepted then, in pages of one transaction each."""
        after = await self._first_id(questions, questions.c.accepted_at, since) - 1
        end = await self._first_id(questions, questions.c.accepted_at, until)
        columns = [one for one in questions.c if with_messages or one.key != "messages"]
        while True:
            statement = (
                select(*columns)
                .where(questions.c.id > after, questions.c.id < end)
                .where(questions.c.state.not_in((*UNHEARD, State.DELETED)))
                .order_by(questions.c.id)
                .limit(PAGE)
            )
            rows = await self.database.rows(statement)
            for row in rows:
                yield _asked(row, with_messages=with_messages)
            if len(rows) < PAGE:
                return
            after = rows[-1].id

    async def votes(self, since: float, until: float) -> list[Vote]:
        """Return the thumbs that were given then."""
        first = await self._first_id(feedback, feedback.c.at, since)
        end = await self._first_id(feedback, feedback.c.at, until)
        statement = select(feedback).where(feedback.c.id >= first, feedback.c.id < end).order_by(feedback.c.id)
        return [Vote(row.question_id, bool(row.liked), row.reason or "") for row in await self.database.rows(statement)]

    async def _first_id(self, table: Table, at: Column[float], since: float) -> int:
        """Return the first id of what came since then: ids grow with time, and no index holds that time."""
        low, high = 0, int(await self.database.scalar(select(func.max(table.c.id))) or 0) + 1
        while low < high:
            middle = (low + high) // 2
            found = select(table.c.id, at.label("at")).where(table.c.id >= middle).order_by(table.c.id).limit(1)
            row = await self.database.one(found)
            if row is None or row.at >= since:
                high = middle
            else:
                low = row.id + 1
        return low

    async def questions(self, ids: Sequence[int]) -> list[AskedQuestion]:
        """Return these questions, whenever they were asked."""
        found = []
        for start in range(0, len(ids), PAGE):
            statement = select(questions).where(questions.c.id.in_(ids[start : start + PAGE]))
            found += [_asked(row) for row in await self.database.rows(statement)]
        return found

    async def escalated(self, since: float, until: float) -> int:
        """Return for how many questions a person was called then."""
        statement = select(func.count()).where(escalations.c.at >= since, escalations.c.at < until)
        return int(await self.database.scalar(statement) or 0)

    async def tokens(self, since: float, until: float) -> int:
        """Return what the language model took on the days (UTC) after the one of `since`, up to that of `until`."""
        taken = func.coalesce(func.sum(token_usage.c.prompt_tokens + token_usage.c.completion_tokens), 0)
        days = token_usage.c.day > _day(since), token_usage.c.day <= _day(until)
        return int(await self.database.scalar(select(taken).where(*days)) or 0)

    async def claim(self, team: str, due_at: float) -> bool | None:
        """Claim the report of a week; True for a first claim, False after another's, None where it is not ours.

        After another's it may stand in Slack already.
        """
        insert = (postgresql if self.database.dialect == "postgresql" else sqlite).insert(reports)
        lease = {"owner": self.owner, "lease_until": self.database.now + LEASE_S}
        this = (reports.c.team == team) & (reports.c.due_at == due_at)

        def work(connection: Connection) -> bool | None:
            row = insert.values(team=team, due_at=due_at, **lease).on_conflict_do_nothing().returning(reports.c.team)
            if connection.execute(row).first():
                return True
            before = connection.execute(select(reports).where(this)).first()
            if before is None or before.posted_ts:
                return None
            is_left = reports.c.lease_until < self.database.now
            if is_dead(before.owner):
                is_left |= reports.c.owner == before.owner
            again = update(reports).where(this, reports.c.posted_ts == "", is_left)
            return False if connection.execute(again.values(lease).returning(reports.c.team)).first() else None

        return await self.database.run(work)

    async def record_posted(self, team: str, due_at: float, ts: str) -> None:
        """Note the message that the report of a week is."""
        this = (reports.c.team == team) & (reports.c.due_at == due_at)
        await self.database.changed(update(reports).where(this).values(posted_ts=ts))

    async def give_up(self, team: str, due_at: float) -> None:
        """Leave a report that can't be posted now to whoever comes next, in a while."""
        this = (reports.c.team == team) & (reports.c.due_at == due_at) & (reports.c.owner == self.owner)
        await self.database.changed(update(reports).where(this).values(lease_until=self.database.now + LEASE_S))


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _asked(row: Any, *, with_messages: bool = True) -> AskedQuestion:
    return AskedQuestion(
        id=row.id,
        question=question_of(row),
        state=row.state,
        reason=row.reason,
        kind=row.kind or "",
        messages=tuple(SlackMessage(**message) for message in (row.messages or () if with_messages else ())),
        took_s=row.ended_at - row.accepted_at if row.ended_at else None,
    )
