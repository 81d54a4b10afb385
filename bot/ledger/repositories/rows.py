"""Rows of questions: which one is meant, what it says, and the one place where its state is written."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Double, and_, bindparam, func, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain import SlackMessage, SlackQuestion, UnreadFile
from bot.ledger.records import Entry
from bot.ledger.states import OPEN, TRANSITIONS, State
from bot.ledger.storage.schema import now, questions
from bot.text.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Insert, Row, Update
    from sqlalchemy.sql.elements import ColumnElement

    from bot.domain import MessageRef, ThreadRef

UNKNOWN_STREAM = "?"
"""Stands in the column `standing` from before a stream is begun until its ts is known."""
NOT_KNOWN = "-"
"""Stands for a message that can't be retracted, or a person who is not named, so that "" can mean none."""
REASON_CHARACTERS = 200
ACCEPTED = (
    *("team", "channel", "ts", "thread_ts", "user", "text", "origin", "edited_ts", "user_team", "files", "is_late"),
    *("reply_url", "state", "owner"),
)
"""The columns that a claim writes, beside the times."""


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


def is_open_at(id_: Any, revision: Any, owner: Any) -> ColumnElement[bool]:
    """Tell an open question that is still the owner's, and still the one that was taken up."""
    return and_(
        questions.c.id == id_,
        questions.c.revision == revision,
        questions.c.owner == owner,
        questions.c.state.in_(OPEN),
    )


def with_age(dialect: str) -> tuple[Any, ...]:
    """Return what `entry_of` reads: the columns of a question, and its age."""
    return questions, (now(dialect) - questions.c.accepted_at).label("age_s")


@cache
def acceptance(dialect: str) -> Insert:
    """Return what claims a question. Built once, as the next one: that costs more than the database does."""
    insert = postgresql.insert(questions) if dialect == "postgresql" else sqlite.insert(questions)
    lease_until = now(dialect) + bindparam("lease_s", type_=Double)
    values: dict[str, Any] = {name: bindparam(name, type_=questions.c[name].type) for name in ACCEPTED}
    values |= {"accepted_at": now(dialect), "posted": {}, "lease_until": lease_until}
    return insert.values(values).on_conflict_do_nothing().returning(questions.c.id)


@cache
def changing(dialect: str, state: State | None, names: tuple[str, ...]) -> Update:
    """Return what writes these columns of an open question of ours, and brings it into a state."""
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=questions.c[name].type) for name in names}
    values["lease_until"] = now(dialect) + bindparam("lease_s", type_=Double)
    statement = update(questions)
    if state is not None:
        statement = change_state(statement, state)
    if state is State.ANSWERING:
        values |= {"begun_at": func.coalesce(questions.c.begun_at, now(dialect)), "tries": questions.c.tries + 1}
    elif state is not None:
        values["ended_at"] = now(dialect)
    return (
        statement.where(is_open_at(bindparam("of_id"), bindparam("of_revision"), bindparam("of_owner")))
        .values(values)
        .returning(*with_age(dialect))
    )


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
