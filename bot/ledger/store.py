"""The ledger, opened: a SQLite file, or PostgreSQL where several replicas share it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.ledger.repositories.questions import LEASE_S, Ledger
from bot.ledger.storage.database import Database
from bot.ledger.storage.engine import TURNS, check_that_it_exists, make_engine, prepare, read_address
from bot.ledger.storage.processes import this_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def open_ledger(url: str, *, lease_s: float = LEASE_S, must_exist: bool = False) -> AsyncIterator[Ledger]:
    """Open the ledger at an SQLAlchemy address (`sqlite:///…`, `postgresql://…`); raise LedgerError when it can't be.

    `lease_s` is how long a question stays with a process that gives no sign of life. A SQLite file is made where there
    is none, unless it `must_exist`.
    """
    address = read_address(url)
    if must_exist:
        check_that_it_exists(address)
    engine = make_engine(address)
    try:
        await prepare(engine, address.render_as_string(hide_password=True))
        yield Ledger(
            database=Database(engine, asyncio.Semaphore(TURNS[engine.dialect.name])),
            owner=this_process(),
            lease_s=lease_s,
        )
    finally:
        await engine.dispose()
