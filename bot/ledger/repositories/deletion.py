"""Deletion: of a question with its message, and of text by age or by person; what is only counted stays.

A deleted question stays in the ledger, without its words, until all that it has left in Slack is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.ledger.repositories.rows import NOT_KNOWN, change_state, entry_of, is_message, with_age
from bot.ledger.states import OPEN, State
from bot.ledger.storage.schema import (
    IS_REMEMBERED,
    audit,
    escalations,
    feedback,
    muted_threads,
    past_answers,
    questions,
    token_usage,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from bot.domain import MessageRef
    from bot.ledger.records import Entry
    from bot.ledger.repositories.questions import Questions
    from bot.ledger.storage.database import Database

MOST_CLEANUPS = 100
"""Tries to take away what a deleted question has left in Slack."""
DAY_S = 86_400
NO_WORDS: dict[str, Any] = {"text": None, "files": [], "messages": None, "reply_url": None}
"""What takes a question's words out of its row."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """Deletes questions, and forgets what people wrote."""

    database: Database
    questions: Questions

    async def delete(self, ref: MessageRef) -> Entry | None:
        """Note that a question was deleted, and forget its words; return it with what was posted, None if unknown.

        Whoever works on it loses its lease. What is to be taken away for it is this process' to do, until its lease
        runs out.
        """
        gone = {**NO_WORDS, "ended_at": self.database.now, "cleanups": 1}
        statement = change_state(update(questions), State.DELETED).where(is_message(ref)).values(gone)
        statement = statement.values(self.questions.lease())

        def work(connection: Connection) -> Entry | None:
            row = connection.execute(statement.returning(*with_age(self.database.dialect))).first()
            if row is None:
                return None
            connection.execute(delete(past_answers).where(past_answers.c.question_id == row.id))
            return entry_of(row)

        return await self.database.run(work)

    async def claim_cleanups(self) -> list[Entry]:
        """Claim deleted questions of which something may be left in Slack, and nobody sees to that."""
        left = (questions.c.cleanups > 0) & (questions.c.cleanups < MOST_CLEANUPS)
        statement = (
            update(questions)
            .where(questions.c.state == State.DELETED, left, questions.c.lease_until < self.database.now)
            .values(cleanups=questions.c.cleanups + 1, **self.questions.lease())
            .returning(*with_age(self.database.dialect))
        )
        return [entry_of(row) for row in await self.database.rows(statement)]

    async def finish_cleanup(self, entry: Entry) -> None:
        """Note that nothing is left in Slack of a deleted question."""
        await self.database.changed(update(questions).where(questions.c.id == entry.id).values(cleanups=0))

    async def forget_older_than(self, days: int) -> int:
        """Delete what was asked and said so many days ago, and by whom; return how many questions that were."""
        before = await self.database.time() - days * DAY_S
        old = (questions.c.accepted_at < before) & IS_REMEMBERED
        ids = select(questions.c.id).where(old).scalar_subquery()
        helper = case((escalations.c.taken_by.is_(None), None), else_="")
        of_old = feedback.c.question_id.in_(ids) | (feedback.c.at < before)  # a vote may come long after its answer
        called_long_ago = escalations.c.question_id.in_(ids) | (escalations.c.at < before)
        others = (
            update(feedback).where(of_old, feedback.c.user.is_not(None)).values(user=None, reason=None),
            update(escalations).where(called_long_ago).values(user="", taken_by=helper),
            update(questions).where(old, questions.c.stopped_by != "").values(stopped_by=NOT_KNOWN),
            update(muted_threads).where(muted_threads.c.at < before).values(user=""),
            delete(audit).where(audit.c.at < before),
        )
        day = datetime.fromtimestamp(before, UTC).date().isoformat()

        def work(connection: Connection) -> int:
            for statement in others:
                connection.execute(statement)
            _forget_spender(connection, (token_usage.c.day < day) & (token_usage.c.user != ""))
            return _forget_questions(connection, old)

        return await self.database.run(work)

    async def forget_user(self, user: str) -> int:
        """Delete what a person asked and said, and that it was theirs; return how many questions that were."""
        others = (
            update(feedback).where(feedback.c.user == user).values(user=None, reason=None),
            update(questions).where(questions.c.stopped_by == user).values(stopped_by=NOT_KNOWN),
            update(muted_threads).where(muted_threads.c.user == user).values(user=""),
            update(escalations).where(escalations.c.user == user).values(user=""),
            update(escalations).where(escalations.c.taken_by == user).values(taken_by=""),
        )

        def work(connection: Connection) -> int:
            for statement in others:
                connection.execute(statement)
            _forget_spender(connection, token_usage.c.user == user)
            return _forget_questions(connection, questions.c.user == user)

        return await self.database.run(work)


def _forget_spender(connection: Connection, which: ColumnElement[bool]) -> None:
    """Count what a person's questions took of the models as nobody's."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for row in connection.execute(delete(token_usage).where(which).returning(token_usage)).all():
        taken = {"prompt_tokens": row.prompt_tokens, "completion_tokens": row.completion_tokens}
        nobodys = dialect.insert(token_usage).values(day=row.day, user="", model=row.model, **taken)
        added = {name: token_usage.c[name] + number for name, number in taken.items()}
        connection.execute(nobodys.on_conflict_do_update(index_elements=["day", "user", "model"], set_=added))


def _forget_questions(connection: Connection, which: ColumnElement[bool]) -> int:
    """A question that is still open is deleted: whoever works on it loses its lease."""
    ids = select(questions.c.id).where(which).scalar_subquery()
    connection.execute(delete(past_answers).where(past_answers.c.question_id.in_(ids)))
    connection.execute(change_state(update(questions), State.DELETED).where(which, questions.c.state.in_(OPEN)))
    gone = {**NO_WORDS, "user": ""}
    return connection.execute(update(questions).where(which, IS_REMEMBERED).values(gone)).rowcount
