"""This file is where a question is taken up anew: it was edited, or another answer to it is wanted.

What was answered before is kept beside it, for the votes that were given on that; the messages that hold it are noted
as standing, so that the new answer takes their place.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, select, update

from bot.domain import UNASKED_WAYS
from bot.ledger.repositories.questions import entry_of, noted_reason
from bot.ledger.states import ENDED_WELL, ENDS, OPEN
from bot.ledger.storage.schema import past_answers, questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.elements import ColumnElement

    from bot.domain import Inquiry, Key, SlackMessage
    from bot.ledger.records import Entry
    from bot.ledger.repositories.questions import Ledger
    from bot.ledger.storage.database import Database
    from rag import Style


KEPT = ("text", "kind", "messages", "passages", "versions", "times", "tokens")


async def is_known(database: Database, key: Key) -> bool:
    """Tell whether a question was ever accepted."""

    async def work(connection: AsyncConnection) -> bool:
        return bool((await connection.execute(select(exists().where(_is(key))))).scalar_one())

    return await database.run(work)


async def has_words(database: Database, key: Key) -> bool:
    """Tell whether it is known what a question asked: it may have been deleted, or forgotten with time."""
    statement = select(exists().where(_is(key), questions.c.text.is_not(None), questions.c.state != "deleted"))

    async def work(connection: AsyncConnection) -> bool:
        return bool((await connection.execute(statement)).scalar_one())

    return await database.run(work)


async def reword(ledger: Ledger, inquiry: Inquiry) -> Entry | None:
    """Take a question up anew in other words; None where it says so already, is not known, or is gone.

    Whoever works on the old words loses the lease. That the bot is mentioned now, and was not before, is a change too.
    Of an edit that Slack delivers again after a later one nothing is taken.
    """
    is_news = questions.c.edited_ts < inquiry.edited_ts if inquiry.edited_ts else questions.c.edited_ts == ""
    known = _is(inquiry.key) & is_news & questions.c.text.is_not(None) & (questions.c.state != "deleted")
    words = {"text": inquiry.text, "way": inquiry.way, "style": "", "edited_ts": inquiry.edited_ts}

    async def work(connection: AsyncConnection) -> Entry | None:
        row = (await connection.execute(select(questions).where(known).with_for_update())).first()
        if row is None:
            return None
        if row.text == inquiry.text and (inquiry.is_unasked or row.way not in UNASKED_WAYS):
            noted = update(questions).where(questions.c.id == row.id).values(edited_ts=inquiry.edited_ts)
            await connection.execute(noted)
            return None
        return await _take_up(connection, ledger, row, **words)

    return await ledger.database.run(work)


async def answer_again(ledger: Ledger, key: Key, *, style: Style) -> Entry | None:
    """Take up anew a question that was answered; None where it is not the last one of its thread, or is open."""
    may_be = _is(key) & questions.c.state.in_(ENDED_WELL) & questions.c.text.is_not(None) & _is_last()

    async def work(connection: AsyncConnection) -> Entry | None:
        row = (await connection.execute(select(questions).where(may_be).with_for_update())).first()
        return await _take_up(connection, ledger, row, style=style) if row else None

    return await ledger.database.run(work)


async def is_latest(database: Database, entry: Entry) -> bool:
    """Tell whether no later question of the same thread has an answer, or gets one."""
    statement = select(_is_last()).where(questions.c.id == entry.id)

    async def work(connection: AsyncConnection) -> bool:
        return bool((await connection.execute(statement)).scalar_one())

    return await database.run(work)


async def restore(ledger: Ledger, entry: Entry, *, reason: str) -> bool:
    """Let the answer before stand again, and close the question; False where there was no answer before."""
    before = (
        select(past_answers)
        .where(past_answers.c.question_id == entry.id, past_answers.c.messages.is_not(None))
        .order_by(past_answers.c.revision.desc())
        .limit(1)
    )
    ours = (questions.c.id == entry.id) & (questions.c.revision == entry.revision)
    ours &= (questions.c.owner == ledger.owner) & questions.c.state.in_(OPEN)

    async def work(connection: AsyncConnection) -> bool:
        row = (await connection.execute(before)).mappings().first()
        if row is None:
            return False
        values = {name: row[name] for name in KEPT[1:]}
        values |= {"state": ENDS.get(row["kind"], "quiet"), "reason": noted_reason(reason)}
        posted = {str(part): ts for part, ts in enumerate(entry.standing[: len(row["messages"])])}
        values |= {"posted": posted, "ended_at": ledger.database.now, "notice_ts": None, "reply_url": None}
        return (await connection.execute(update(questions).where(ours).values(values))).rowcount > 0

    return await ledger.database.run(work)


async def past_answer(database: Database, entry: Entry) -> str:
    """Return the text of the answer before this one; "" where there was none."""
    statement = (
        select(past_answers.c.messages)
        .where(past_answers.c.question_id == entry.id, past_answers.c.revision < entry.revision)
        .where(past_answers.c.messages.is_not(None))
        .order_by(past_answers.c.revision.desc())
        .limit(1)
    )

    async def work(connection: AsyncConnection) -> str:
        messages = (await connection.execute(statement)).scalar_one_or_none()
        return "\n\n".join(message["text"] for message in messages or ())

    return await database.run(work)


async def answered_before(database: Database, entry: Entry) -> Entry | None:
    """Return the question of the same thread that was answered last before this one; None where there is none."""
    age = (database.now - questions.c.accepted_at).label("age_s")
    statement = (
        select(questions, age)
        .where(questions.c.team == entry.inquiry.team, questions.c.channel == entry.inquiry.channel)
        .where(questions.c.thread_ts == entry.inquiry.thread_ts, questions.c.id < entry.id)
        .where(questions.c.state.in_(ENDED_WELL), questions.c.messages.is_not(None), questions.c.way != "private")
        .order_by(questions.c.id.desc())
        .limit(1)
    )

    async def work(connection: AsyncConnection) -> Entry | None:
        row = (await connection.execute(statement)).first()
        return entry_of(row) if row else None

    return await database.run(work)


async def note_messages(database: Database, entry: Entry, messages: Sequence[SlackMessage]) -> bool:
    """Keep an answered question's messages as they stand now: a button has gone. False where it is answered anew."""
    same = (questions.c.id == entry.id) & (questions.c.revision == entry.revision) & questions.c.messages.is_not(None)

    changed = update(questions).where(same).values(messages=list(map(asdict, messages)))

    async def work(connection: AsyncConnection) -> bool:
        return (await connection.execute(changed)).rowcount > 0

    return await database.run(work)


async def _take_up(connection: AsyncConnection, ledger: Ledger, row: Row[Any], **values: str) -> Entry:
    stored = row._mapping  # noqa: SLF001 - SQLAlchemy's public way to read a row by names
    where = {"question_id": stored["id"], "revision": stored["revision"]}
    if stored["messages"]:
        await connection.execute(delete(past_answers).filter_by(**where))
        await connection.execute(insert(past_answers).values(where | {name: stored[name] for name in KEPT}))
    now = ledger.database.now
    posted = [ts for _, ts in sorted(stored["posted"].items(), key=lambda part: int(part[0]))]
    fresh: dict[str, Any] = {
        "state": "accepted",
        "reason": "",
        "owner": ledger.owner,
        "lease_until": now + ledger.lease_s,
        "accepted_at": now,
        "begun_at": None,
        "ended_at": None,
        "attempts": 1,
        "tries": 0,
        "revision": stored["revision"] + 1,
        "standing": list(dict.fromkeys([*posted, *stored["standing"]])),
        "posted": {},
        "stopped_by": "",
        **dict.fromkeys(KEPT[1:]),
    }
    statement = (
        update(questions)
        .where(questions.c.id == stored["id"])
        .values(fresh | values)
        .returning(questions, (now - questions.c.accepted_at).label("age_s"))
    )
    return entry_of((await connection.execute(statement)).one())


def _is(key: Key) -> ColumnElement[bool]:
    team, channel, ts = key
    return (questions.c.team == team) & (questions.c.channel == channel) & (questions.c.ts == ts)


def _is_last() -> ColumnElement[bool]:
    """Tell that no later question of the same thread has an answer that everyone sees, or gets one."""
    later = questions.alias("later")
    return ~exists().where(
        later.c.team == questions.c.team,
        later.c.channel == questions.c.channel,
        later.c.thread_ts == questions.c.thread_ts,
        later.c.id > questions.c.id,
        later.c.way != "private",
        later.c.state.in_((*OPEN, *ENDED_WELL)),
    )
