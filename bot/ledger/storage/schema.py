"""The schema: the ledger's tables as they are today.

Times are seconds since 1970 by the database's own clock, so replicas need not agree on the time. A column whose name
is of an older day has the name that the code calls it by as its `key`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    Column,
    Double,
    Enum,
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
    text,
)

from bot.ledger.states import State

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement


metadata = MetaData()
_STATE = Enum(State, native_enum=False, length=16, values_callable=lambda states: [state.value for state in states])

IS_REMEMBERED = text("""(text IS NOT NULL OR "user" <> '')""")
"""Tells the questions of which something is left to forget. Written out: only so is their index found."""

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
    Column("way", String(16), key="origin", nullable=False, server_default="mention"),
    Column("text", Text),
    Column("user_team", String(64), nullable=False, server_default=""),
    Column("files", JSON, nullable=False, server_default="[]"),
    Column("late", Integer, key="is_late", nullable=False, server_default="0"),
    Column("reply_url", Text),
    Column("state", _STATE, nullable=False),
    Column("reason", String(200), nullable=False, default=""),
    Column("owner", String(200), nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("attempts", Integer, key="claims", nullable=False, default=1),
    Column("tries", Integer, nullable=False, default=0),
    Column("accepted_at", Double, nullable=False),
    Column("begun_at", Double),
    Column("ended_at", Double),
    Column("notice_ts", String(64)),
    Column("messages", JSON(none_as_null=True)),
    Column("posted", JSON, nullable=False),
    Column("standing", JSON, key="to_replace", nullable=False, server_default="[]"),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("style", String(16), nullable=False, server_default=""),
    Column("stopped_by", String(64), nullable=False, server_default=""),
    Column("edited_ts", String(64), nullable=False, server_default=""),
    Column("untidied", Integer, key="cleanups", nullable=False, server_default="0"),
    Column("kind", String(16)),
    Column("passages", JSON(none_as_null=True)),
    Column("versions", JSON(none_as_null=True)),
    Column("times", JSON(none_as_null=True)),
    Column("tokens", JSON(none_as_null=True)),
    UniqueConstraint("team", "channel", "ts", name="one_question"),
    Index("open_questions", "state", "lease_until"),
    Index("questions_by_user", "user"),
    Index("questions_by_thread", "channel", "thread_ts"),
    Index("remembered_questions", "accepted_at", sqlite_where=IS_REMEMBERED, postgresql_where=IS_REMEMBERED),
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
    Column("posted_ts", String(64), nullable=False, server_default="-"),
)

replicas = Table(
    "replicas",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("owner", String(200), primary_key=True),
    Column("connected_at", Double, nullable=False),
    Column("seen_until_ts", Double, nullable=False),
)

outages = Table(
    "outages",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("since_ts", Double, nullable=False),
    Column("noted", Integer, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("lease_until", Double, nullable=False),
)

token_usage = Table(
    "token_usage",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("user", String(64), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("due_at", Double, primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("posted_ts", String(64), nullable=False, server_default=""),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(64), nullable=False),
)


@cache
def now(dialect: str) -> ColumnElement[float]:
    """Return the database's clock, read when the statement runs. Built once: it stands in every statement."""
    if dialect == "postgresql":
        return cast(func.extract("epoch", func.clock_timestamp()), Double)
    return cast((func.julianday("now") - 2_440_587.5) * 86_400.0, Float)
