"""Rows of questions: which one is meant, what it says, and the one place where its state is written."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.domain import SlackMessage, SlackQuestion, UnreadFile
from bot.ledger.records import Entry
from bot.ledger.states import TRANSITIONS, State
from bot.ledger.storage.schema import questions
from bot.text.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Row, Update
    from sqlalchemy.sql.elements import ColumnElement

    from bot.domain import MessageRef, ThreadRef
    from bot.ledger.storage.database import Database

UNKNOWN_STREAM = "?"
"""Stands in the column `standing` from before a stream is begun until its ts is known."""
NOT_KNOWN = "-"
"""Stands for a message that can't be retracted, or a person who is not named, so that "" can mean none."""
REASON_CHARACTERS = 200


def change_state(statement: Update, state: State) -> Update:
    """Let a statement bring questions into a state, as far as they may go over to it."""
    return statement.where(questions.c.state.in_(TRANSITIONS[state])).values(state=state)


def first_state(question: SlackQuestion) -> State:
    """Return the state in which a question begins."""
    return State.UNDECIDED if question.is_undecided else State.ACCEPTED


def is_message(ref: MessageRef) -> ColumnElement[bool]:
    """Tell the question that a message asks."""
    return (questions.c.team == ref.team) & (questions.c.channel == ref.channel) & (questions.c.ts == ref.ts)


def is_in_thread(ref: ThreadRef) -> ColumnElement[bool]:
    """Tell the questions of a thread."""
    same_channel = (questions.c.team == ref.team) & (questions.c.channel == ref.channel)
    return same_channel & (questions.c.thread_ts == ref.thread_ts)


def with_age(database: Database) -> tuple[Any, ...]:
    """Return what `entry_of` reads: the columns of a question, and its age."""
    return questions, (database.now - questions.c.accepted_at).label("age_s")


def question_of(row: Row[Any]) -> SlackQuestion:
    """Return the question that a row is about."""
    return SlackQuestion(
        team=row.team,
        channel=row.channel,
        ts=row.ts,
        thread_ts=row.thread_ts,
        user=row.user,
        text=row.text or "",
        origin=row.origin,
        edited_ts=row.edited_ts,
        user_team=row.user_team,
        files=tuple(UnreadFile(**file) for file in row.files),
        is_late=bool(row.is_late),
    )


def entry_of(row: Row[Any]) -> Entry:
    """Return what a row of `with_age` says."""
    return Entry(
        id=row.id,
        question=question_of(row),
        claims=row.claims,
        tries=row.tries,
        age_s=row.age_s,
        messages=tuple(SlackMessage(**message) for message in row.messages or ()),
        kind=row.kind or "",
        posted={int(part): ts for part, ts in row.posted.items()},
        notice_ts=(row.notice_ts or "").removeprefix(NOT_KNOWN),
        was_told_privately=row.notice_ts == NOT_KNOWN,
        to_replace=tuple(ts for ts in row.to_replace if ts != UNKNOWN_STREAM),
        has_unknown_stream=UNKNOWN_STREAM in row.to_replace,
        revision=row.revision,
        style=row.style,
        was_stopped=bool(row.stopped_by),
        is_undecided=row.state is State.UNDECIDED,
    )


def stored_messages(messages: Collection[SlackMessage]) -> list[dict[str, Any]]:
    """Return messages as they are kept."""
    return [asdict(message) for message in messages]


def stored_files(files: Collection[UnreadFile]) -> list[dict[str, Any]]:
    """Return files as they are kept."""
    return [asdict(file) for file in files]


def stored_posted(posted: Mapping[int, str]) -> dict[str, str]:
    """Return the ts of posted parts as they are kept: JSON's keys are strings."""
    return {str(part): ts for part, ts in posted.items()}


def stored_reason(reason: str) -> str:
    """Return why a question ended, as it is kept: an error's words may hold a password."""
    return redact(reason)[:REASON_CHARACTERS]
