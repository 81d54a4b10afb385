"""Migrations: the steps that bring a ledger of an older version up to date, as the SQL that each was released with.

A released step is never changed: it starts from the tables of the version before it, not from those of today. Every
release leaves exactly its own version's tables, from wherever it started, so no step has to look at what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, inspect, select, text, update

from bot.ledger.errors import LedgerError
from bot.ledger.storage.schema import metadata, schema

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATION_LOCK = 5_374_219
"""PostgreSQL's advisory lock that replicas take while one of them migrates; any number that nobody else uses."""

TYPES = {
    "sqlite": {"serial": "INTEGER", "double": "DOUBLE"},
    "postgresql": {"serial": "SERIAL", "double": "DOUBLE PRECISION"},
}
"""The types that the databases call differently."""

STEPS: dict[int, tuple[str, ...]] = {
    2: (
        """
        CREATE TABLE feedback (
            id {serial} NOT NULL,
            question_id INTEGER NOT NULL,
            "user" VARCHAR(64),
            liked INTEGER NOT NULL,
            reason TEXT,
            at {double} NOT NULL,
            PRIMARY KEY (id),
            CONSTRAINT one_opinion UNIQUE (question_id, "user"),
            FOREIGN KEY (question_id) REFERENCES questions (id)
        )
        """,
        """
        CREATE TABLE escalations (
            question_id INTEGER NOT NULL,
            "user" VARCHAR(64) NOT NULL,
            at {double} NOT NULL,
            taken_by VARCHAR(64),
            taken_at {double},
            PRIMARY KEY (question_id),
            FOREIGN KEY (question_id) REFERENCES questions (id)
        )
        """,
    ),
    3: (
        "ALTER TABLE questions ADD COLUMN way VARCHAR(16) NOT NULL DEFAULT 'mention'",
        "CREATE INDEX questions_by_thread ON questions (channel, thread_ts)",
        """
        CREATE TABLE muted_threads (
            team VARCHAR(64) NOT NULL,
            channel VARCHAR(64) NOT NULL,
            thread_ts VARCHAR(64) NOT NULL,
            "user" VARCHAR(64) NOT NULL,
            at {double} NOT NULL,
            PRIMARY KEY (team, channel, thread_ts)
        )
        """,
    ),
    4: (
        "ALTER TABLE questions ADD COLUMN standing JSON NOT NULL DEFAULT '[]'",
        "ALTER TABLE questions ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE questions ADD COLUMN style VARCHAR(16) NOT NULL DEFAULT ''",
        "ALTER TABLE questions ADD COLUMN stopped_by VARCHAR(64) NOT NULL DEFAULT ''",
        "ALTER TABLE feedback ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
        """
        CREATE TABLE past_answers (
            question_id INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            text TEXT,
            kind VARCHAR(16),
            messages JSON,
            passages JSON,
            versions JSON,
            times JSON,
            tokens JSON,
            PRIMARY KEY (question_id, revision),
            FOREIGN KEY (question_id) REFERENCES questions (id)
        )
        """,
    ),
    5: (
        "ALTER TABLE questions ADD COLUMN edited_ts VARCHAR(64) NOT NULL DEFAULT ''",
        "ALTER TABLE questions ADD COLUMN untidied INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE escalations ADD COLUMN channel VARCHAR(64) NOT NULL DEFAULT ''",
        # Older calls, and those of an older replica that still runs, count as posted: their ts is not known.
        "ALTER TABLE escalations ADD COLUMN posted_ts VARCHAR(64) NOT NULL DEFAULT '-'",
    ),
    6: (
        "ALTER TABLE questions ADD COLUMN user_team VARCHAR(64) NOT NULL DEFAULT ''",
        "ALTER TABLE questions ADD COLUMN files JSON NOT NULL DEFAULT '[]'",
        "ALTER TABLE questions ADD COLUMN late INTEGER NOT NULL DEFAULT 0",
        """
        CREATE TABLE replicas (
            team VARCHAR(64) NOT NULL,
            owner VARCHAR(200) NOT NULL,
            connected_at {double} NOT NULL,
            seen_until_ts {double} NOT NULL,
            PRIMARY KEY (team, owner)
        )
        """,
        """
        CREATE TABLE outages (
            team VARCHAR(64) NOT NULL,
            since_ts {double} NOT NULL,
            noted INTEGER NOT NULL,
            owner VARCHAR(200) NOT NULL,
            lease_until {double} NOT NULL,
            PRIMARY KEY (team)
        )
        """,
    ),
    7: (
        """
        CREATE INDEX remembered_questions ON questions (accepted_at)
        WHERE (text IS NOT NULL OR "user" <> '')
        """,
    ),
    8: (
        """
        CREATE TABLE token_usage (
            day VARCHAR(10) NOT NULL,
            "user" VARCHAR(64) NOT NULL,
            model VARCHAR(200) NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            PRIMARY KEY (day, "user", model)
        )
        """,
        """
        CREATE TABLE reports (
            team VARCHAR(64) NOT NULL,
            due_at {double} NOT NULL,
            owner VARCHAR(200) NOT NULL,
            lease_until {double} NOT NULL,
            posted_ts VARCHAR(64) NOT NULL DEFAULT '',
            PRIMARY KEY (team, due_at)
        )
        """,
        """
        CREATE TABLE audit (
            id {serial} NOT NULL,
            at {double} NOT NULL,
            actor VARCHAR(200) NOT NULL,
            action VARCHAR(64) NOT NULL,
            subject VARCHAR(64) NOT NULL,
            PRIMARY KEY (id)
        )
        """,
    ),
}
"""What leads to each version from the one before."""

VERSION = max(STEPS)


def bring_up_to_date(connection: Connection) -> int | None:
    """Make the tables, or migrate those of an older version; return the version that they had, None for none.

    Raise LedgerError for a newer one: what it holds beyond ours would be lost.
    """
    if connection.dialect.name == "postgresql":  # SQLite's lock is the transaction: it begins IMMEDIATE
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    if not inspect(connection).has_table(schema.name):
        metadata.create_all(connection)  # a test holds what the steps lead to against it
        connection.execute(insert(schema).values(version=VERSION))
        return None
    found: int = connection.execute(select(schema.c.version)).scalar_one()
    if found > VERSION:
        message = f"The ledger was written by a newer milvusfaq (version {found}; this one knows {VERSION})."
        raise LedgerError(message, hint="Install that milvusfaq again, or set DATABASE_URL to another ledger.")
    for version in range(found + 1, VERSION + 1):
        _take(connection, STEPS[version])
    if found < VERSION:
        connection.execute(update(schema).values(version=VERSION))
    return found


def _take(connection: Connection, step: tuple[str, ...]) -> None:
    for statement in step:
        connection.exec_driver_sql(statement.format_map(TYPES[connection.dialect.name]))
