"""Personal data: what is kept of a person, and who has looked at it or deleted it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from bot.ledger.storage.schema import audit, escalations, feedback, muted_threads, past_answers, questions, token_usage

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from bot.ledger.storage.database import Database

OWNED: dict[str, Table] = {
    "feedback": feedback,
    "escalations": escalations,
    "muted_threads": muted_threads,
    "token_usage": token_usage,
}
"""What is kept beside the questions, by the name of its table."""


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Tells what is kept of people, and keeps the audit lines."""

    database: Database

    async def export(self, user: str) -> dict[str, list[dict[str, Any]]]:
        """Return all rows that are a person's, by table; answers that were replaced stand under `past_answers`."""

        def work(connection: Connection) -> dict[str, list[dict[str, Any]]]:
            own = connection.execute(select(questions).where(questions.c.user == user).order_by(questions.c.id))
            found = {"questions": [_row(row) for row in own.mappings()]}
            ids = [row["id"] for row in found["questions"]]
            past = connection.execute(select(past_answers).where(past_answers.c.question_id.in_(ids)))
            found["past_answers"] = [_row(row) for row in past.mappings()]
            for name, table in OWNED.items():
                rows = connection.execute(select(table).where(table.c.user == user))
                found[name] = [_row(row) for row in rows.mappings()]
            return found

        return await self.database.run(work)

    async def record_audit(self, *, actor: str, action: str, subject: str) -> None:
        """Note who did what with what is kept of whom."""
        values = {"at": self.database.now, "actor": actor, "action": action, "subject": subject}
        await self.database.changed(insert(audit).values(values))


def _row(row: Any) -> dict[str, Any]:
    """Return a row without what only serves this machine: the address that answers a command is a secret."""
    return {name: value for name, value in row.items() if name not in {"reply_url", "owner", "lease_until"}}
