"""Inspection: what a ledger says of itself, without making or migrating it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot.ledger.errors import LedgerError
from bot.ledger.repositories.usage import Totals, Usage
from bot.ledger.storage.address import read_address
from bot.ledger.storage.database import Database, reason_of
from bot.ledger.storage.migrations import VERSION
from bot.ledger.storage.opening import check_that_it_exists, connect
from bot.ledger.storage.schema import schema


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFacts:
    """A ledger's version, the one that this milvusfaq knows, and what it holds where the two are the same."""

    dialect: str
    version: int
    current: int
    totals: Totals


NOTHING = Totals(open_questions=0, open_escalations=0, bytes=0, tokens_today=0)


async def inspect_ledger(url: str) -> LedgerFacts:
    """Return what a ledger says of itself; raise LedgerError where it is not there, or can't be read."""
    address = read_address(url)
    check_that_it_exists(address)
    transactions = connect(address)
    database = Database(transactions, has_time=True)
    failures: tuple[type[Exception], ...] = (SQLAlchemyError, OSError, TimeoutError, *transactions.errors)
    try:
        version = int(await database.scalar(select(schema.c.version)) or 0)
        totals = await Usage(database).totals() if version == VERSION else NOTHING
    except failures as error:
        message = f"The ledger can't be opened at {address.shown} ({reason_of(error)})."
        raise LedgerError(message, hint="Check DATABASE_URL.") from error
    finally:
        await transactions.close()
    return LedgerFacts(dialect=address.dialect, version=version, current=VERSION, totals=totals)
