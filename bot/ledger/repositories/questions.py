"""Questions: claimed, leased, worked on, released and finished; one question, one answer.

A question is claimed by (team, channel, ts) on disk before anything else is done with it. Whoever works on it holds a
lease and renews it; a lease that has run out is claimed by another process, or by the next start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from bot.domain import SPLIT_FROM, SPLIT_WITHIN_S
from bot.ledger.errors import LostLeaseError
from bot.ledger.records import Entry
from bot.ledger.repositories.rows import (
    NOT_KNOWN,
    UNKNOWN_STREAM,
    acceptance,
    changing,
    entry_of,
    first_state,
    is_in_thread,
    is_message,
    is_open_at,
    question_of,
    stored_files,
    stored_messages,
    stored_posted,
    stored_reason,
    with_age,
)
from bot.ledger.states import OPEN, State
from bot.ledger.storage.processes import is_dead
from bot.ledger.storage.schema import questions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from bot.domain import MessageRef, SlackMessage, SlackQuestion, ThreadRef, UnreadFile
    from bot.ledger.records import Outcome
    from bot.ledger.storage.database import Database

LEASE_S = 15.0
"""How long a question stays with a process that gives no sign of life."""
RECLAIMED_AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The questions of all processes that share this database; `owner` is this one's name in it."""

    database: Database
    owner: str
    lease_s: float = LEASE_S

    async def accept(self, question: SlackQuestion, *, reply_url: str = "") -> Entry | None:
        """Claim a question, on disk; None when it has been accepted before, here or elsewhere."""
        parameters = {
            "team": question.team,
            "channel": question.channel,
            "ts": question.ts,
            "thread_ts": question.thread_ts,
            "user": question.user,
            "text": question.text,
            "origin": question.origin,
            "edited_ts": question.edited_ts,
            "user_team": question.user_team,
            "files": stored_files(question.files),
            "is_late": int(question.is_late),
            "reply_url": reply_url or None,
            "state": first_state(question),
            "owner": self.owner,
            "lease_s": self.lease_s,
        }
        accepted = await self.database.scalar(acceptance(self.database.dialect), parameters)
        if accepted is None:
            return None
        undecided = question.is_undecided
        return Entry(id=accepted, question=question, claims=1, tries=0, age_s=0.0, is_undecided=undecided)

    async def start_attempt(self, entry: Entry) -> Entry:
        """Note that the question is worked on; return it as it stands. Raise LostLeaseError when it is not ours."""
        return await self._change(entry, State.ANSWERING)

    async def refresh(self, entry: Entry) -> Entry:
        """Return an open question of ours as it stands; raise LostLeaseError when it is not ours."""
        return await self._change(entry)

    async def record_thread(self, entry: Entry, thread_ts: str) -> Entry:
        """Note the message that stands for a command's question."""
        return await self._change(entry, thread_ts=thread_ts)

    async def record_text(self, entry: Entry, text: str, *, unread: Collection[UnreadFile]) -> Entry:
        """Note what a question asks whose message alone does not tell it, and which files hold more than that."""
        return await self._change(entry, text=text, files=stored_files(unread))

    async def record_notice(self, entry: Entry, ts: str) -> Entry:
        """Note the message that told the asker to wait; "" where the asker alone has seen it."""
        return await self._change(entry, notice_ts=ts or NOT_KNOWN)

    async def record_answer(self, entry: Entry, messages: Collection[SlackMessage], outcome: Outcome) -> Entry:
        """Keep an answer before its first message is posted, so that whoever takes over posts the same."""
        return await self._change(
            entry,
            messages=stored_messages(messages),
            kind=outcome.kind,
            passages=[list(passage) for passage in outcome.passages],
            versions=dict(outcome.versions),
            times=dict(outcome.times),
            tokens=list(outcome.tokens) if outcome.tokens else None,
        )

    async def record_starting_stream(self, entry: Entry) -> Entry:
        """Note that a stream is about to be begun."""
        return await self._change(entry, to_replace=[UNKNOWN_STREAM])

    async def record_stream(self, entry: Entry, ts: str) -> Entry:
        """Note the message in which the answer grows; "" for none."""
        return await self._change(entry, to_replace=[ts] if ts else [])

    async def record_posted(self, entry: Entry, posted: Mapping[int, str]) -> Entry:
        """Note which of the answer's messages stand in Slack."""
        return await self._change(entry, posted=stored_posted(posted))

    async def finish(self, entry: Entry, state: State, *, reason: str = "") -> None:
        """Note the end of a question, with `entry.posted`; what only served the way there is forgotten."""
        posted = stored_posted(entry.posted)
        await self._change(entry, state, reason=stored_reason(reason), posted=posted, reply_url=None, notice_ts=None)

    async def finish_unheard(self, entry: Entry) -> None:
        """Note that an undecided post wants no answer; what it said is forgotten with that."""
        await self._change(entry, State.NOT_HEARD, text=None, files=[])

    async def request_stop(self, thread: ThreadRef, *, user: str) -> list[int]:
        """Note that someone wants no more of what is being answered in a thread; return those questions' ids.

        `user` may be "": who has pressed the button is not always told.
        """
        statement = (
            update(questions)
            .where(is_in_thread(thread), questions.c.state.in_(OPEN))
            .values(stopped_by=user or NOT_KNOWN)
            .returning(questions.c.id)
        )
        return [row.id for row in await self.database.rows(statement)]

    async def known_messages(self, thread: ThreadRef) -> set[str]:
        """Return the ts of the messages that are known to stand for some question of this thread."""
        statement = select(questions.c.to_replace, questions.c.posted).where(is_in_thread(thread))
        rows = await self.database.rows(statement)
        return {ts for row in rows for ts in (*row.to_replace, *row.posted.values())}

    async def renew_leases(self, ids: Collection[int]) -> dict[int, bool]:
        """Renew the leases of questions that are worked on here; return those still ours, and whether to stop them."""
        if not ids:
            return {}
        statement = (
            update(questions)
            .where(questions.c.id.in_(ids), questions.c.owner == self.owner, questions.c.state.in_(OPEN))
            .values(lease_until=self._now + self.lease_s)
            .returning(questions.c.id, questions.c.stopped_by)
        )
        return {row.id: bool(row.stopped_by) for row in await self.database.rows(statement)}

    async def reclaim(self, limit: int = RECLAIMED_AT_ONCE) -> list[Entry]:
        """Claim questions, oldest first, that a crash or a stop has left, or whose process is gone."""

        def work(connection: Connection) -> list[Entry]:
            is_open = questions.c.state.in_(OPEN)
            owners = connection.execute(select(questions.c.owner).where(is_open).distinct()).scalars()
            dead = [owner for owner in owners if is_dead(owner)]
            left = (
                select(questions.c.id)
                .where(is_open, (questions.c.lease_until < self._now) | questions.c.owner.in_(dead))
                .order_by(questions.c.accepted_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            claimed = (
                update(questions)
                .where(questions.c.id.in_(left.scalar_subquery()))
                .values(claims=questions.c.claims + 1, **self.lease())
                .returning(*with_age(self.database.dialect))
            )
            return [entry_of(row) for row in connection.execute(claimed)]

        return await self.database.run(work)

    async def release(self, ids: Collection[int]) -> None:
        """Give questions back, for another process or the next start to claim at once: that is no failed claim."""
        if ids:
            await self.database.changed(
                update(questions)
                .where(questions.c.id.in_(ids), questions.c.owner == self.owner)
                .values(lease_until=0.0, claims=questions.c.claims - 1)
            )

    async def reply_url(self, entry: Entry) -> str:
        """Return the address at which a command's asker alone is answered; "" where there is none."""
        return await self.database.scalar(select(questions.c.reply_url).where(questions.c.id == entry.id)) or ""

    async def find(self, ref: MessageRef) -> SlackQuestion | None:
        """Return a question, whatever became of it; None where it was never accepted."""
        row = await self.database.one(select(questions).where(is_message(ref)))
        return question_of(row) if row else None

    async def exists(self, ref: MessageRef) -> bool:
        """Tell whether a question was ever accepted."""
        return await self.database.scalar(select(questions.c.id).where(is_message(ref))) is not None

    async def is_rest(self, question: SlackQuestion) -> bool:
        """Tell whether a post is the rest of one before it, which Slack has cut in two."""
        where = questions.c.team == question.team, questions.c.channel == question.channel
        since = f"{float(question.ts) - SPLIT_WITHIN_S:.6f}"
        before = questions.c.ts.between(since, question.ts), questions.c.ts != question.ts
        is_long = func.length(questions.c.text) >= SPLIT_FROM
        statement = select(questions.c.id).where(*where, *before, questions.c.user == question.user, is_long).limit(1)
        return await self.database.scalar(statement) is not None

    async def has_text(self, ref: MessageRef) -> bool:
        """Tell whether it is known what a question asked: it may have been deleted, or forgotten with time."""
        known = is_message(ref) & questions.c.text.is_not(None) & (questions.c.state != State.DELETED)
        return await self.database.scalar(select(questions.c.id).where(known)) is not None

    async def current(self, entry: Entry) -> tuple[State, Entry]:
        """Return how a question that is ours no more stands, and its state."""
        row = await self.database.one(select(*with_age(self.database.dialect)).where(questions.c.id == entry.id))
        if row is None:
            raise LostLeaseError(entry.id)
        return row.state, entry_of(row)

    async def counts(self) -> dict[str, int]:
        """Return how many questions are in each state."""
        statement = select(questions.c.state, func.count().label("number")).group_by(questions.c.state)
        return {str(row.state): int(row.number) for row in await self.database.rows(statement)}

    def lease(self) -> dict[str, Any]:
        """Return what makes a question ours, for as long as a lease lasts."""
        return {"owner": self.owner, "lease_until": self._now + self.lease_s}

    def is_ours(self, entry: Entry) -> ColumnElement[bool]:
        """Tell an open question that is still ours, and still the one that was taken up."""
        return is_open_at(entry.id, entry.revision, self.owner)

    @property
    def _now(self) -> ColumnElement[float]:
        return self.database.now

    async def _change(self, entry: Entry, state: State | None = None, **values: Any) -> Entry:
        """Write to an open question of ours, renew its lease, and return it as it then stands."""
        statement = changing(self.database.dialect, state, tuple(values))
        which = {"of_id": entry.id, "of_revision": entry.revision, "of_owner": self.owner, "lease_s": self.lease_s}
        row = await self.database.one(statement, {**which, **{f"new_{name}": new for name, new in values.items()}})
        if row is None:
            raise LostLeaseError(entry.id)
        return entry_of(row)
