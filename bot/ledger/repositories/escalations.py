"""Escalations: who asked for a person's help in a thread, whether people were called, who gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, insert, select, update

from bot.ledger.records import Escalation
from bot.ledger.repositories.rows import NOT_KNOWN, entry_of, is_message, with_age
from bot.ledger.storage.schema import escalations, questions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.domain import MessageRef
    from bot.ledger.records import Entry
    from bot.ledger.storage.database import Database

LEFT_AFTER_S = 30.0
"""Whoever has noted that people are to be called, and has not done so by then, is gone."""


@dataclass(frozen=True, slots=True)
class Escalations:
    """Keeps at most one call for help a thread."""

    database: Database

    async def request(self, ref: MessageRef, *, user: str, channel: str = "") -> Escalation | None:
        """Note that someone wants people called for a question, and return that.

        None where help was asked for in its thread before, or for no known question.
        """
        asked = questions.alias("asked")
        same_thread = (asked.c.team == questions.c.team) & (asked.c.channel == questions.c.channel)
        same_thread &= (asked.c.thread_ts == questions.c.thread_ts) & (asked.c.thread_ts != "")
        same_thread &= (asked.c.origin != "private") & (questions.c.origin != "private")  # nobody else sees those
        before = exists().where(escalations.c.question_id == asked.c.id)
        before = before.where((asked.c.id == questions.c.id) | same_thread)
        wanted = select(*with_age(self.database.dialect)).where(is_message(ref), ~before)

        def work(connection: Connection) -> Escalation | None:
            row = connection.execute(wanted).first()
            if row is None:
                return None
            noted = {"question_id": row.id, "user": user, "at": self.database.now, "channel": channel, "posted_ts": ""}
            connection.execute(insert(escalations).values(noted))
            return Escalation(entry=entry_of(row), user=user, channel=channel)

        return await self.database.run(work)

    async def record_posted(self, entry: Entry, *, ts: str) -> None:
        """Note the message that has called people."""
        this = escalations.c.question_id == entry.id
        await self.database.changed(update(escalations).where(this).values(posted_ts=ts))

    async def claim_unposted(self) -> list[Escalation]:
        """Claim what is noted, and nobody was called for: a crash or a stop came between."""
        left = (escalations.c.posted_ts == "") & (escalations.c.at < self.database.now - LEFT_AFTER_S)
        claim = update(escalations).where(left).values(at=self.database.now).returning(escalations.c.question_id)
        who = escalations.c.user.label("wanted_by"), escalations.c.channel.label("wanted_in")
        joined = questions.join(escalations, escalations.c.question_id == questions.c.id)
        wanted = (
            select(*with_age(self.database.dialect))
            .add_columns(*who)
            .select_from(joined)
            .where(questions.c.text.is_not(None))
        )

        def work(connection: Connection) -> list[Escalation]:
            ids = list(connection.execute(claim).scalars())
            rows = connection.execute(wanted.where(questions.c.id.in_(ids)))
            return [Escalation(entry=entry_of(row), user=row.wanted_by, channel=row.wanted_in) for row in rows]

        return await self.database.run(work)

    async def of(self, entry: Entry) -> Escalation | None:
        """Return the escalation of a question; None where there was none."""
        row = await self.database.one(select(escalations).where(escalations.c.question_id == entry.id))
        if row is None:
            return None
        posted_ts = row.posted_ts.removeprefix(NOT_KNOWN)
        return Escalation(entry=entry, user=row.user, channel=row.channel, posted_ts=posted_ts)

    async def withdraw(self, entry: Entry) -> None:
        """Forget that help was asked for: nobody could be told."""
        await self.database.changed(delete(escalations).where(escalations.c.question_id == entry.id))

    async def resolve(self, ref: MessageRef, *, user: str) -> str | None:
        """Note who has helped, unless someone had before; return who it was, None where no help was asked for."""
        question = select(questions.c.id).where(is_message(ref)).scalar_subquery()
        this = escalations.c.question_id == question
        resolved = update(escalations).where(this, escalations.c.taken_by.is_(None))

        def work(connection: Connection) -> str | None:
            connection.execute(resolved.values(taken_by=user, taken_at=self.database.now))
            helper: str | None = connection.execute(select(escalations.c.taken_by).where(this)).scalar_one_or_none()
            return helper

        return await self.database.run(work)
