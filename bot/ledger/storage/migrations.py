"""Migrations: how a ledger of an older version becomes one of this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, inspect, select, text, update

from bot.ledger.errors import LedgerError
from bot.ledger.storage.schema import escalations, feedback, metadata, muted_threads, past_answers, schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


VERSION = 5
MIGRATION_LOCK = 5_374_219
"""PostgreSQL's advisory lock that replicas take while one of them migrates; any number that nobody else uses."""


def _add_feedback_and_escalations(connection: Connection) -> None:
    feedback.create(connection)
    escalations.create(connection)


def _add_ways_and_muted_threads(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE questions ADD COLUMN way VARCHAR(16) NOT NULL DEFAULT 'mention'"))
    connection.execute(text("CREATE INDEX questions_by_thread ON questions (channel, thread_ts)"))
    muted_threads.create(connection)


def _add_revisions(connection: Connection) -> None:
    for column in (
        "standing JSON NOT NULL DEFAULT '[]'",
        "revision INTEGER NOT NULL DEFAULT 0",
        "style VARCHAR(16) NOT NULL DEFAULT ''",
        "stopped_by VARCHAR(64) NOT NULL DEFAULT ''",
    ):
        connection.execute(text(f"ALTER TABLE questions ADD COLUMN {column}"))
    if "revision" not in {column["name"] for column in inspect(connection).get_columns("feedback")}:
        connection.execute(text("ALTER TABLE feedback ADD COLUMN revision INTEGER NOT NULL DEFAULT 0"))
    past_answers.create(connection)


def _add_edits_and_what_is_left_to_do(connection: Connection) -> None:
    """Older pleas count as posted, in their question's channel: their ts is not known."""
    for table, column in (
        ("questions", "edited_ts VARCHAR(64) NOT NULL DEFAULT ''"),
        ("questions", "untidied INTEGER NOT NULL DEFAULT 0"),
        ("escalations", "channel VARCHAR(64) NOT NULL DEFAULT ''"),
        ("escalations", "posted_ts VARCHAR(64) NOT NULL DEFAULT '-'"),
    ):
        name = column.split()[0]
        if name not in {known["name"] for known in inspect(connection).get_columns(table)}:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column}"))


MIGRATIONS: dict[int, Callable[[Connection], None]] = {
    2: _add_feedback_and_escalations,
    3: _add_ways_and_muted_threads,
    4: _add_revisions,
    5: _add_edits_and_what_is_left_to_do,
}
"""What leads to each version from the one before."""


def bring_up_to_date(connection: Connection) -> int | None:
    """Make the tables, or migrate those of an older version; return the version that they had, None for none.

    Raise LedgerError for a newer one: what it holds beyond ours would be lost.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    if not inspect(connection).has_table(schema.name):
        metadata.create_all(connection)
        connection.execute(insert(schema).values(version=VERSION))
        return None
    found = connection.execute(select(schema.c.version)).scalar_one()
    if found > VERSION:
        message = f"The ledger was written by a newer milvusfaq (version {found}; this one knows {VERSION})."
        raise LedgerError(message, hint="Install that milvusfaq again, or set DATABASE_URL to another ledger.")
    for version in range(found + 1, VERSION + 1):
        MIGRATIONS[version](connection)
    connection.execute(update(schema).values(version=VERSION))
    return int(found)
