"""The database engine: a SQLite file, or PostgreSQL where several replicas share the ledger."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
from sqlalchemy import URL, event, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from bot.ledger.errors import LedgerError
from bot.ledger.storage.database import reason_of
from bot.ledger.storage.migrations import VERSION, bring_up_to_date

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import ExceptionContext
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from bot.ledger.storage.address import Address

logger = logging.getLogger(__name__)


DBAPI: Any = PGDialect_asyncpg.import_dbapi()  # type: ignore[no-untyped-call]
POOLERS_ERRORS = {"26000", "42P05"}
"""PostgreSQL's states for a prepared statement that does not exist, and for one that exists already."""
BUSY_TIMEOUT_MS = 500
CONNECTIONS = 5
"""To PostgreSQL, each process. SQLite has one writer, so one connection is all that helps."""
TURNS = {"postgresql": CONNECTIONS - 1, "sqlite": 2}
"""How much of what has time is let in: what Slack waits for finds a connection free, or one in line before it."""
CALL_TIMEOUT_S = 2.0
OWNER_ONLY = 0o600


async def prepare(engine: AsyncEngine, place: str) -> None:
    """Make the tables, or migrate them; raise LedgerError with `place` when that can't be."""
    try:
        async with engine.begin() as connection:
            await _check_encoding(connection)
            before = await connection.run_sync(bring_up_to_date)
    except (SQLAlchemyError, OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
        message = f"The ledger can't be opened at {place} ({reason_of(error)})."
        raise LedgerError(message, hint="Check DATABASE_URL.") from error
    if before not in {None, VERSION}:
        logger.info("The ledger was migrated from version %d to %d.", before, VERSION)


async def _check_encoding(connection: AsyncConnection) -> None:
    """Raise LedgerError for a PostgreSQL database that can't hold every language."""
    if connection.dialect.name != "postgresql":
        return
    encoding = (await connection.execute(text("SELECT current_setting('server_encoding')"))).scalar_one()
    if encoding not in {"UTF8", "SQL_ASCII"}:
        message = f"The ledger's database holds {encoding} alone: a question in another script would be refused."
        raise LedgerError(message, hint="Make one by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.")


def check_that_it_exists(address: Address) -> None:
    """Raise LedgerError where the SQLite file is not there."""
    if address.dialect == "sqlite" and not address.path.is_file():
        message = f"There is no ledger at {address.path}."
        raise LedgerError(message, hint="Check DATABASE_URL.")


def make_engine(address: Address) -> AsyncEngine:
    """Return an engine whose errors never show a statement's values: questions stand in them."""
    if address.dialect == "postgresql":
        return _postgresql_engine(address.dsn)
    _make_private(address.path)
    url = URL.create("sqlite+aiosqlite", database=str(address.path))
    engine = create_async_engine(url, hide_parameters=True, pool_size=1, max_overflow=0, pool_timeout=30)
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


@dataclass(slots=True)
class PostgresConnector:
    """Connects to PostgreSQL; where a pooler hands each transaction to another server, without prepared statements.

    PgBouncer in transaction mode does so. It is known by its errors: those of statements that another server prepared.
    """

    dsn: str
    has_pooler: bool = False

    def connect(self) -> Any:
        """Return a DBAPI connection, as SQLAlchemy's `creator`; asyncpg reads the DSN itself: hosts, certificates."""
        uncached: dict[str, Any] = {}
        ours: dict[str, Any] = {"timeout": CALL_TIMEOUT_S, "command_timeout": CALL_TIMEOUT_S}
        if self.has_pooler:
            ours["statement_cache_size"] = 0
            uncached = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: f"_{uuid4().hex}"}
        return DBAPI.connect(async_creator_fn=partial(asyncpg.connect, self.dsn, **ours), **uncached)

    def on_error(self, context: ExceptionContext) -> None:
        """Take a statement that is not there, or twice, for a lost connection: the next one knows better."""
        if getattr(context.original_exception, "sqlstate", None) in POOLERS_ERRORS:
            if not self.has_pooler:
                logger.info("A pooler stands before PostgreSQL: statements are not prepared ahead any more.")
            self.has_pooler = context.is_disconnect = True


def _postgresql_engine(dsn: str) -> AsyncEngine:
    connector = PostgresConnector(dsn)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        creator=connector.connect,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=CALL_TIMEOUT_S,
    )
    event.listen(engine.sync_engine, "handle_error", connector.on_error)
    return engine


def _make_private(path: Path) -> None:
    """Make the file for its owner alone; SQLite gives the files beside it (-wal, -shm) the same permissions."""
    try:
        path.touch(mode=OWNER_ONLY)
        path.chmod(OWNER_ONLY)
    except OSError as error:
        message = f"The ledger {path} can't be written ({error.strerror})."
        raise LedgerError(message, hint="Check DATABASE_URL.") from error


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so: IMMEDIATE, so that none fails half-way
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
