"""Revisions: a question that was edited, or to which another answer is wanted, is taken up anew.

What was answered before is kept beside it, for the votes that were given on that; the messages that hold it are to be
replaced by those of the new answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, select, update

from bot.domain import UNADDRESSED_ORIGINS
from bot.ledger.repositories.rows import (
    change_state,
    entry_of,
    first_state,
    is_in_thread,
    is_message,
    stored_files,
    stored_messages,
    stored_posted,
    stored_reason,
    with_age,
)
from bot.ledger.states import ENDED_WELL, OPEN, State, end_of
from bot.ledger.storage.schema import past_answers, questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

    from bot.domain import MessageRef, SlackMessage, SlackQuestion
    from bot.ledger.records import Entry
    from bot.ledger.repositories.questions import Questions
    from bot.ledger.storage.database import Database
    from rag import Style

KEPT = ("text", "kind", "messages", "passages", "versions", "times", "tokens")
"""What is kept of an answer when the next one takes its place."""


@dataclass(frozen=True, slots=True)
class Revisions:
    """Takes up questions anew, for this process."""

    database: Database
    questions: Questions

    async def reword(self, question: SlackQuestion) -> Entry | None:
        """Take a question up anew in other words; None where it says so already, is not known, or is gone.

        Whoever works on the old words loses the lease. That the bot is mentioned now, and was not before, is a change
        too. Of an edit that Slack delivers again after a later one nothing is taken.
        """
        edited_ts = question.edited_ts
        is_news = questions.c.edited_ts < edited_ts if edited_ts else questions.c.edited_ts == ""
        has_words = questions.c.text.is_not(None) | (questions.c.state == State.NOT_HEARD)
        known = is_message(question.ref) & is_news & has_words & (questions.c.state != State.DELETED)
        words: dict[str, object] = {"text": question.text, "origin": question.origin, "edited_ts": edited_ts}
        words |= {"style": "", "files": stored_files(question.files)}

        def work(connection: Connection) -> Entry | None:
            row = connection.execute(select(questions).where(known).with_for_update()).first()
            if row is None:
                return None
            if row.text == question.text and (question.is_unaddressed or row.origin not in UNADDRESSED_ORIGINS):
                noted = update(questions).where(questions.c.id == row.id).values(edited_ts=edited_ts)
                connection.execute(noted)
                return None
            return self._take_up(connection, row, first_state(question), **words)

        return await self.database.run(work)

    async def regenerate(self, ref: MessageRef, *, style: Style) -> Entry | None:
        """Take up anew a question that was answered; None where it is not the last one of its thread, or is open."""
        may_be = is_message(ref) & questions.c.state.in_(ENDED_WELL) & questions.c.text.is_not(None) & _is_last()

        def work(connection: Connection) -> Entry | None:
            row = connection.execute(select(questions).where(may_be).with_for_update()).first()
            return self._take_up(connection, row, State.ACCEPTED, style=style) if row else None

        return await self.database.run(work)

    async def is_latest(self, entry: Entry) -> bool:
        """Tell whether no later question of the same thread has an answer, or gets one."""
        return bool(await self.database.scalar(select(_is_last()).where(questions.c.id == entry.id)))

    async def restore(self, entry: Entry, *, reason: str) -> bool:
        """Let the answer before stand again, and end the question; False where there was no answer before."""
        before = _before(entry)

        def work(connection: Connection) -> bool:
            row = connection.execute(before).mappings().first()
            if row is None:
                return False
            posted = dict(enumerate(entry.to_replace[: len(row["messages"])]))
            statement = (
                change_state(update(questions), end_of(row["kind"]))
                .where(self.questions.is_ours(entry))
                .values({name: row[name] for name in KEPT[1:]})
                .values(posted=stored_posted(posted), reason=stored_reason(reason))
                .values(ended_at=self.database.now, notice_ts=None, reply_url=None)
            )
            return connection.execute(statement).rowcount > 0

        return await self.database.run(work)

    async def text_before(self, entry: Entry) -> str:
        """Return the text of the answer before this one; "" where there was none."""
        row = await self.database.one(_before(entry).where(past_answers.c.revision < entry.revision))
        return "\n\n".join(message["text"] for message in row.messages) if row else ""

    async def answered_before(self, entry: Entry) -> Entry | None:
        """Return the question of the same thread that was answered last before this one; None where there is none."""
        statement = (
            select(*with_age(self.database.dialect))
            .where(is_in_thread(entry.question.thread), questions.c.id < entry.id)
            .where(
                questions.c.state.in_(ENDED_WELL), questions.c.messages.is_not(None), questions.c.origin != "private"
            )
            .order_by(questions.c.id.desc())
            .limit(1)
        )
        row = await self.database.one(statement)
        return entry_of(row) if row else None

    async def replace_messages(self, entry: Entry, messages: Sequence[SlackMessage]) -> bool:
        """Keep an answered question's messages as they stand now; False where it is being answered anew."""
        same = (questions.c.id == entry.id) & (questions.c.revision == entry.revision)
        statement = update(questions).where(same, questions.c.messages.is_not(None))
        return await self.database.changed(statement.values(messages=stored_messages(messages))) > 0

    def _take_up(self, connection: Connection, row: Row[Any], state: State, **values: object) -> Entry:
        where = {"question_id": row.id, "revision": row.revision}
        if row.messages:
            connection.execute(delete(past_answers).filter_by(**where))
            connection.execute(insert(past_answers).values(where | {name: getattr(row, name) for name in KEPT}))
        posted = [ts for _, ts in sorted(row.posted.items(), key=lambda part: int(part[0]))]
        fresh: dict[str, Any] = {
            "reason": "",
            "accepted_at": self.database.now,
            "begun_at": None,
            "ended_at": None,
            "claims": 1,
            "tries": 0,
            "revision": row.revision + 1,
            "to_replace": list(dict.fromkeys([*posted, *row.to_replace])),
            "posted": {},
            "stopped_by": "",
            **self.questions.lease(),
            **dict.fromkeys(KEPT[1:]),
        }
        statement = change_state(update(questions), state).where(questions.c.id == row.id)
        taken_up = connection.execute(statement.values(fresh | values).returning(*with_age(self.database.dialect)))
        return entry_of(taken_up.one())


def _before(entry: Entry) -> Any:
    return (
        select(past_answers)
        .where(past_answers.c.question_id == entry.id, past_answers.c.messages.is_not(None))
        .order_by(past_answers.c.revision.desc())
        .limit(1)
    )


def _is_last() -> ColumnElement[bool]:
    """Tell that no later question of the same thread has an answer that everyone sees, or gets one."""
    later = questions.alias("later")
    return ~exists().where(
        later.c.team == questions.c.team,
        later.c.channel == questions.c.channel,
        later.c.thread_ts == questions.c.thread_ts,
        later.c.id > questions.c.id,
        later.c.origin != "private",
        later.c.state.in_((*OPEN, *ENDED_WELL)),
    )
