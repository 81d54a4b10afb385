"""This file is where questions are accepted, leased, handed on and closed: one question, one answer.

A question is claimed by (team, channel, ts) on disk before anything else is done with it. Whoever works on it holds a
lease and renews it; a lease that has run out is taken over by another process, or by the next start.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain import Inquiry, SlackMessage
from bot.ledger.errors import LostLeaseError
from bot.ledger.records import Entry
from bot.ledger.states import OPEN
from bot.ledger.storage.processes import is_dead
from bot.ledger.storage.schema import questions
from bot.text.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.elements import ColumnElement

    from bot.ledger.records import Outcome
    from bot.ledger.states import State
    from bot.ledger.storage.database import Database


LEASE_S = 15.0
"""How long a question stays with a process that gives no sign of life."""
TAKEN_OVER_AT_ONCE = 20
REASON_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The questions of all processes that share this database; `owner` is this one's name in it."""

    database: Database
    owner: str
    lease_s: float = LEASE_S

    async def accept(self, inquiry: Inquiry, *, reply_url: str = "") -> Entry | None:
        """Claim a question, on disk; None when it has been accepted before, here or elsewhere."""
        values = {
            **asdict(inquiry),
            "reply_url": reply_url or None,
            "state": "accepted",
            "owner": self.owner,
            "lease_until": self._now + self.lease_s,
            "accepted_at": self._now,
            "posted": {},
        }
        dialect = postgresql if self.database.dialect == "postgresql" else sqlite
        statement = dialect.insert(questions).values(values).on_conflict_do_nothing().returning(questions.c.id)

        async def work(connection: AsyncConnection) -> int | None:
            return (await connection.execute(statement)).scalar_one_or_none()

        accepted = await self.database.run(work)
        return None if accepted is None else Entry(id=accepted, inquiry=inquiry, attempts=1, tries=0, age_s=0.0)

    async def begin(self, entry: Entry) -> Entry:
        """Note that the question is worked on; return it as it stands. Raise LostLeaseError when it is not ours."""
        begun_at = func.coalesce(questions.c.begun_at, self._now)
        return await self._change(entry, state="answering", begun_at=begun_at, tries=questions.c.tries + 1)

    async def look(self, entry: Entry) -> Entry:
        """Return an open question of ours as it stands; raise LostLeaseError when it is not ours."""
        return await self._change(entry)

    async def note_thread(self, entry: Entry, thread_ts: str) -> Entry:
        """Note the message that stands for a command's question."""
        return await self._change(entry, thread_ts=thread_ts)

    async def note_text(self, entry: Entry, text: str) -> Entry:
        """Note what a question without words of its own asks."""
        return await self._change(entry, text=text)

    async def note_notice(self, entry: Entry, ts: str) -> Entry:
        """Note the message that told the asker to wait; "" when it is gone."""
        return await self._change(entry, notice_ts=ts or None)

    async def note_answer(self, entry: Entry, messages: Collection[SlackMessage], outcome: Outcome) -> Entry:
        """Keep an answer before its first message is posted, so that whoever takes over posts the same."""
        return await self._change(
            entry,
            messages=[asdict(message) for message in messages],
            kind=outcome.kind,
            passages=[list(passage) for passage in outcome.passages],
            versions=dict(outcome.versions),
            times=dict(outcome.times),
            tokens=list(outcome.tokens) if outcome.tokens else None,
        )

    async def note_standing(self, entry: Entry, ts: str) -> Entry:
        """Note the message in which the answer grows; STARTED for one that is about to be begun, "" for none."""
        return await self._change(entry, standing=[ts] if ts else [])

    async def note_posted(self, entry: Entry, posted: dict[int, str]) -> Entry:
        """Note which of the answer's messages stand in Slack."""
        return await self._change(entry, posted=_stored(posted))

    async def close(self, entry: Entry, state: State, *, reason: str = "") -> None:
        """Note the end of a question, with `entry.posted`; what only served the way there is forgotten."""
        await self._change(
            entry,
            state=state,
            reason=noted_reason(reason),
            ended_at=self._now,
            posted=_stored(entry.posted),
            reply_url=None,
            notice_ts=None,
        )

    async def stop(self, thread: tuple[str, str, str], *, user: str) -> list[int]:
        """Note that someone wants no more of what is being answered in a thread; return those questions' ids."""
        team, channel, thread_ts = thread
        statement = (
            update(questions)
            .where(questions.c.team == team, questions.c.channel == channel, questions.c.thread_ts == thread_ts)
            .where(questions.c.state.in_(OPEN))
            .values(stopped_by=user)
            .returning(questions.c.id)
        )

        async def work(connection: AsyncConnection) -> list[int]:
            return list((await connection.execute(statement)).scalars())

        return await self.database.run(work)

    async def streams_in(self, inquiry: Inquiry) -> set[str]:
        """Return the messages that are known to stand for some question of this thread."""
        statement = select(questions.c.standing, questions.c.posted).where(
            questions.c.team == inquiry.team,
            questions.c.channel == inquiry.channel,
            questions.c.thread_ts == inquiry.thread_ts,
        )

        async def work(connection: AsyncConnection) -> set[str]:
            rows = (await connection.execute(statement)).all()
            return {ts for row in rows for ts in (*row.standing, *row.posted.values())}

        return await self.database.run(work)

    async def keep(self, ids: Collection[int]) -> dict[int, bool]:
        """Renew the leases of questions that are worked on here; return those still ours, and whether to stop them."""
        statement = (
            update(questions)
            .where(questions.c.id.in_(ids), questions.c.owner == self.owner, questions.c.state.in_(OPEN))
            .values(lease_until=self._now + self.lease_s)
            .returning(questions.c.id, questions.c.stopped_by)
        )

        async def work(connection: AsyncConnection) -> dict[int, bool]:
            return {row.id: bool(row.stopped_by) for row in await connection.execute(statement)}

        return await self.database.run(work) if ids else {}

    async def take_over(self, limit: int = TAKEN_OVER_AT_ONCE) -> list[Entry]:
        """Take up questions, oldest first, that a crash or a stop has left, or whose process is gone."""

        async def work(connection: AsyncConnection) -> list[Entry]:
            open_ = questions.c.state.in_(OPEN)
            owners = (await connection.execute(select(questions.c.owner).where(open_).distinct())).scalars()
            dead = [owner for owner in owners if is_dead(owner)]
            left = (
                select(questions.c.id)
                .where(open_, (questions.c.lease_until < self._now) | questions.c.owner.in_(dead))
                .order_by(questions.c.accepted_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            taken = (
                update(questions)
                .where(questions.c.id.in_(left.scalar_subquery()))
                .values(
                    owner=self.owner,
                    lease_until=self._now + self.lease_s,
                    attempts=questions.c.attempts + 1,
                )
                .returning(questions, (self._now - questions.c.accepted_at).label("age_s"))
            )
            return [entry_of(row) for row in await connection.execute(taken)]

        return await self.database.run(work)

    async def hand_on(self, ids: Collection[int]) -> None:
        """Give questions back, for another process or the next start to take up at once: that is no failed attempt."""
        statement = (
            update(questions)
            .where(questions.c.id.in_(ids), questions.c.owner == self.owner)
            .values(lease_until=0.0, attempts=questions.c.attempts - 1)
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        if ids:
            await self.database.run(work)

    async def reply_url(self, entry: Entry) -> str:
        """Return the address at which a command's asker alone is answered; "" where there is none."""
        statement = select(questions.c.reply_url).where(questions.c.id == entry.id)

        async def work(connection: AsyncConnection) -> str:
            return (await connection.execute(statement)).scalar_one() or ""

        return await self.database.run(work)

    async def counts(self) -> dict[str, int]:
        """Return how many questions are in each state."""
        statement = select(questions.c.state, func.count().label("number")).group_by(questions.c.state)

        async def work(connection: AsyncConnection) -> dict[str, int]:
            return {str(row.state): int(row.number) for row in await connection.execute(statement)}

        return await self.database.run(work)

    @property
    def _now(self) -> ColumnElement[float]:
        return self.database.now

    async def _change(self, entry: Entry, **values: Any) -> Entry:
        """Write to an open question of ours, renew its lease, and return it as it then stands."""
        statement = (
            update(questions)
            .where(questions.c.id == entry.id, questions.c.revision == entry.revision)
            .where(questions.c.owner == self.owner, questions.c.state.in_(OPEN))
            .values(lease_until=self._now + self.lease_s, **values)
            .returning(questions, (self._now - questions.c.accepted_at).label("age_s"))
        )

        async def work(connection: AsyncConnection) -> Entry:
            row = (await connection.execute(statement)).first()
            if row is None:
                raise LostLeaseError(entry.id)
            return entry_of(row)

        return await self.database.run(work)


def noted_reason(reason: str) -> str:
    """Return why a question ended, as it is kept: an error's words may hold a password."""
    return redact(reason)[:REASON_CHARACTERS]


def _stored(posted: Mapping[int, str]) -> dict[str, str]:
    """Return JSON's form of it: there keys are strings."""
    return {str(part): ts for part, ts in posted.items()}


def entry_of(row: Row[Any]) -> Entry:
    """Return what a row of `questions`, with its `age_s`, says."""
    stored = row._mapping  # noqa: SLF001 - SQLAlchemy's public way to read a row by names
    inquiry = Inquiry(
        **{field: stored[field] for field in ("team", "channel", "ts", "thread_ts", "user", "way", "edited_ts")},
        text=stored["text"] or "",
    )
    return Entry(
        id=stored["id"],
        inquiry=inquiry,
        attempts=stored["attempts"],
        tries=stored["tries"],
        age_s=stored["age_s"],
        messages=tuple(SlackMessage(**message) for message in stored["messages"] or ()),
        kind=stored["kind"] or "",
        posted={int(part): ts for part, ts in stored["posted"].items()},
        notice_ts=stored["notice_ts"] or "",
        standing=tuple(stored["standing"]),
        revision=stored["revision"],
        style=stored["style"],
        was_stopped=bool(stored["stopped_by"]),
    )
