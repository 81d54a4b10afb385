"""Opening: the ledger's file or server, with its tables made or brought up to date."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.ledger.errors import LedgerError
from bot.ledger.storage.database import reason_of
from bot.ledger.storage.migrations import VERSION, bring_up_to_date
from bot.ledger.storage.sqlite import SqliteTransactions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.ledger.storage.address import Address
    from bot.ledger.storage.database import Transactions

logger = logging.getLogger(__name__)


def connect(address: Address) -> Transactions:
    """Return what runs transactions there; what PostgreSQL needs is not imported for SQLite."""
    if address.dialect == "sqlite":
        return SqliteTransactions(address.path)
    from bot.ledger.storage.postgresql import PostgresTransactions, make_engine

    return PostgresTransactions(make_engine(address.dsn))


async def prepare(transactions: Transactions, place: str) -> None:
    """Make the tables, or migrate them; raise LedgerError with `place` when that can't be."""
    failures: tuple[type[Exception], ...] = (SQLAlchemyError, OSError, TimeoutError, ValueError, *transactions.errors)
    try:
        before = await transactions.run(_prepare, has_time=False)
    except failures as error:
        message = f"The ledger can't be opened at {place} ({reason_of(error)})."
        raise LedgerError(message, hint="Check DATABASE_URL.") from error
    if before not in {None, VERSION}:
        logger.info("The ledger was migrated from version %d to %d.", before, VERSION)


def check_that_it_exists(address: Address) -> None:
    """Raise LedgerError where the SQLite file is not there."""
    if address.dialect == "sqlite" and not address.path.is_file():
        message = f"There is no ledger at {address.path}."
        raise LedgerError(message, hint="Check DATABASE_URL.")


def _prepare(connection: Connection) -> int | None:
    _check_encoding(connection)
    return bring_up_to_date(connection)


def _check_encoding(connection: Connection) -> None:
    """Raise LedgerError for a PostgreSQL database that can't hold every language."""
    if connection.dialect.name != "postgresql":
        return
    encoding = connection.execute(text("SELECT current_setting('server_encoding')")).scalar_one()
    if encoding not in {"UTF8", "SQL_ASCII"}:
        message = f"The ledger's database holds {encoding} alone: a question in another script would be refused."
        raise LedgerError(message, hint="Make one by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.")
