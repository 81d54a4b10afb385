"""Feedback: how answers were liked, and those that were not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from bot.ledger.repositories.rows import is_message
from bot.ledger.storage.schema import feedback, past_answers, questions

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from bot.domain import MessageRef
    from bot.ledger.storage.database import Database


@dataclass(frozen=True, slots=True)
class Feedback:
    """Keeps one vote a person and question: the last one."""

    database: Database

    async def record(self, ref: MessageRef, *, user: str, liked: bool, reason: str = "") -> bool:
        """Note how someone liked an answer, in place of what they said before; False where it is not known."""

        def work(connection: Connection) -> bool:
            found = connection.execute(select(questions.c.id, questions.c.revision).where(is_message(ref))).first()
            if found is None:
                return False
            before = (feedback.c.question_id == found.id) & (feedback.c.user == user)
            connection.execute(delete(feedback).where(before))
            vote = {"user": user, "liked": int(liked), "reason": reason or None, "at": self.database.now}
            row = {"question_id": found.id, "revision": found.revision, **vote}
            connection.execute(insert(feedback).values(row))
            return True

        return await self.database.run(work)

    async def disliked(self) -> list[dict[str, Any]]:
        """Return the questions whose answers someone disliked, with what was answered and why it was disliked."""
        names = ("text", "messages", "passages", "versions", "times", "tokens")
        replaced = (past_answers.c.question_id == questions.c.id) & (past_answers.c.revision == feedback.c.revision)
        past = (past_answers.c[name].label(f"past_{name}") for name in names)
        statement = (
            select(questions, feedback.c.reason.label("said"), *past)
            .join(feedback, feedback.c.question_id == questions.c.id)
            .outerjoin(past_answers, replaced)
            .where(feedback.c.liked == 0, questions.c.text.is_not(None))
            .order_by(feedback.c.at)
        )
        rows = [row._mapping for row in await self.database.rows(statement)]  # noqa: SLF001 - SQLAlchemy's public way
        return [_disliked_row(row, "past_" if row["past_messages"] else "") for row in rows]


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
