"""The database engine: a SQLite file, or PostgreSQL where several replicas share the ledger."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from bot.ledger.errors import LedgerError
from bot.ledger.storage.database import reason_of
from bot.ledger.storage.migrations import VERSION, bring_up_to_date

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncEngine

logger = logging.getLogger(__name__)


DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
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
            before = await connection.run_sync(bring_up_to_date)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        message = f"The ledger can't be opened at {place} ({reason_of(error)})."
        raise LedgerError(message, hint="Check DATABASE_URL.") from error
    if before not in {None, VERSION}:
        logger.info("The ledger was migrated from version %d to %d.", before, VERSION)


def read_address(url: str) -> URL:
    """Return what DATABASE_URL says, with our driver; raise LedgerError where it says nothing that works."""
    try:
        address = make_url(url)
        driver = DRIVERS[address.drivername.partition("+")[0]]
    except (ArgumentError, KeyError) as error:
        message = "DATABASE_URL is neither sqlite:///PATH nor postgresql://USER:PASSWORD@HOST/DATABASE."
        raise LedgerError(message) from error
    if driver.startswith("sqlite"):
        folder = Path(address.database or "").parent
        if not address.database or not folder.is_dir():
            message = f"The folder of DATABASE_URL's file does not exist: {folder}."
            raise LedgerError(message, hint="Make it, or give another path.")
    elif mode := address.query.get("sslmode"):  # libpq's name for it, as hosters write it; asyncpg calls it ssl
        address = address.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return address.set(drivername=driver)


def check_that_it_exists(address: URL) -> None:
    """Raise LedgerError where the SQLite file is not there."""
    if address.drivername.startswith("sqlite") and not Path(str(address.database)).is_file():
        message = f"There is no ledger at {address.database}."
        raise LedgerError(message, hint="Check DATABASE_URL.")


def make_engine(address: URL) -> AsyncEngine:
    """Return an engine whose errors never show a statement's values: questions stand in them."""
    if not address.drivername.startswith("sqlite"):
        return create_async_engine(
            address,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=CALL_TIMEOUT_S,
            connect_args={"timeout": CALL_TIMEOUT_S, "command_timeout": CALL_TIMEOUT_S},
        )
    _make_private(Path(str(address.database)))
    engine = create_async_engine(address, hide_parameters=True, pool_size=1, max_overflow=0, pool_timeout=30)
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
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
