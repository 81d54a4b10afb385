"""This file is where the ledger's tables stand, and how a file of an older version becomes one of this version.

Times are seconds since 1970 by the database's own clock, so replicas need not agree on the time.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    Column,
    Double,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    cast,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from bot.ledger.entries import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from sqlalchemy.sql.elements import ColumnElement

VERSION = 5
OPEN = ("accepted", "answering")
"""The states of a question that has still to be answered."""
MIGRATION_LOCK = 5_374_219
"""PostgreSQL's advisory lock that replicas take while one of them migrates; any number that nobody else uses."""

metadata = MetaData()

schema = Table("ledger_schema", metadata, Column("version", Integer, nullable=False))

questions = Table(
    "questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("team", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("ts", String(128), nullable=False),
    Column("thread_ts", String(64), nullable=False),
    Column("user", String(64), nullable=False),
    Column("way", String(16), nullable=False, server_default="mention"),
    Column("text", Text),
    Column("reply_url", Text),
    Column("state", String(16), nullable=False),
    Column("reason", String(200), nullable=False, default=""),
    Column("owner", String(200), nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("attempts", Integer, nullable=False, default=1),
    Column("tries", Integer, nullable=False, default=0),
    Column("accepted_at", Double, nullable=False),
    Column("begun_at", Double),
    Column("ended_at", Double),
    Column("notice_ts", String(64)),
    Column("messages", JSON(none_as_null=True)),
    Column("posted", JSON, nullable=False),
    Column("standing", JSON, nullable=False, server_default="[]"),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("style", String(16), nullable=False, server_default=""),
    Column("stopped_by", String(64), nullable=False, server_default=""),
    Column("edited_ts", String(64), nullable=False, server_default=""),
    Column("untidied", Integer, nullable=False, server_default="0"),
    Column("kind", String(16)),
    Column("passages", JSON(none_as_null=True)),
    Column("versions", JSON(none_as_null=True)),
    Column("times", JSON(none_as_null=True)),
    Column("tokens", JSON(none_as_null=True)),
    UniqueConstraint("team", "channel", "ts", name="one_question"),
    Index("open_questions", "state", "lease_until"),
    Index("questions_by_user", "user"),
    Index("questions_by_thread", "channel", "thread_ts"),
)

past_answers = Table(
    "past_answers",
    metadata,
    Column("question_id", ForeignKey("questions.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("text", Text),
    Column("kind", String(16)),
    *(Column(name, JSON(none_as_null=True)) for name in ("messages", "passages", "versions", "times", "tokens")),
)

muted_threads = Table(
    "muted_threads",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("thread_ts", String(64), primary_key=True),
    Column("user", String(64), nullable=False),
    Column("at", Double, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("question_id", ForeignKey("questions.id"), nullable=False),
    Column("user", String(64)),
    Column("liked", Integer, nullable=False),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
    Column("at", Double, nullable=False),
    UniqueConstraint("question_id", "user", name="one_opinion"),
)

escalations = Table(
    "escalations",
    metadata,
    Column("question_id", ForeignKey("questions.id"), primary_key=True),
    Column("user", String(64), nullable=False),
    Column("at", Double, nullable=False),
    Column("taken_by", String(64)),
    Column("taken_at", Double),
    Column("channel", String(64), nullable=False, server_default=""),
    Column("posted_ts", String(64), nullable=False, server_default=""),
)


@cache
def now(dialect: str) -> ColumnElement[float]:
    """Return the database's clock, read when the statement runs. Built once: it stands in every statement."""
    if dialect == "postgresql":
        return cast(func.extract("epoch", func.clock_timestamp()), Double)
    return cast((func.julianday("now") - 2_440_587.5) * 86_400.0, Float)


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
