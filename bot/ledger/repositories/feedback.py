"""This file is where it is noted how an answer was liked, and from which the disliked ones are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from bot.ledger.storage.schema import feedback, past_answers, questions

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.domain import Key
    from bot.ledger.storage.database import Database


async def note_feedback(database: Database, key: Key, *, user: str, liked: bool, reason: str = "") -> bool:
    """Note how someone liked an answer, in place of what they said before; False where the question is not known."""

    async def work(connection: AsyncConnection) -> bool:
        team, channel, ts = key
        where = (questions.c.team == team) & (questions.c.channel == channel) & (questions.c.ts == ts)
        found = (await connection.execute(select(questions.c.id, questions.c.revision).where(where))).first()
        if found is None:
            return False
        question_id, revision = found
        before = (feedback.c.question_id == question_id) & (feedback.c.user == user)
        await connection.execute(delete(feedback).where(before))
        row = {"question_id": question_id, "revision": revision, "user": user, "liked": int(liked)}
        await connection.execute(insert(feedback).values(**row, reason=reason or None, at=database.now))
        return True

    return await database.run(work)


async def disliked(database: Database) -> list[dict[str, Any]]:
    """Return the questions whose answers someone disliked, with what was answered and why it was disliked."""
    names = ("text", "messages", "passages", "versions", "times", "tokens")
    replaced = (past_answers.c.question_id == questions.c.id) & (past_answers.c.revision == feedback.c.revision)
    statement = (
        select(
            questions, feedback.c.reason.label("said"), *(past_answers.c[name].label(f"past_{name}") for name in names)
        )
        .join(feedback, feedback.c.question_id == questions.c.id)
        .outerjoin(past_answers, replaced)
        .where(feedback.c.liked == 0, questions.c.text.is_not(None))
        .order_by(feedback.c.at)
    )

    async def work(connection: AsyncConnection) -> list[dict[str, Any]]:
        rows = (await connection.execute(statement)).mappings()
        return [_disliked_row(row, "past_" if row["past_messages"] else "") for row in rows]

    return await database.run(work)


def _disliked_row(row: RowMapping, prefix: str) -> dict[str, Any]:
    """Return a row of a question file; `prefix` tells the answer that was voted on from the one that took its place."""
    return {
        "id": f"disliked-{row['id']}",
        "kind": "disliked",
        "scope": "feedback",
        "question": row[f"{prefix}text"],
        "relevant": [],
        "reason": row["said"] or "",
        "answer": "\n\n".join(message["text"] for message in row[f"{prefix}messages"] or ()),
        **{name: row[f"{prefix}{name}"] for name in ("passages", "versions", "times", "tokens")},
    }


async def id_of(connection: AsyncConnection, key: Key) -> int | None:
    """Return a question's id in the ledger; None for one that is not known."""
    team, channel, ts = key
    where = (questions.c.team == team) & (questions.c.channel == channel) & (questions.c.ts == ts)
    found: int | None = (await connection.execute(select(questions.c.id).where(where))).scalar_one_or_none()
    return found
