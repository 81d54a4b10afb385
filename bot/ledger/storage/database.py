"""This file is where the ledger's transactions run: whole or not at all, tried again while the database is away."""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.ledger.errors import LedgerError
from bot.ledger.storage.schema import now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from sqlalchemy.sql.elements import ColumnElement


T = TypeVar("T")

PATIENCE_S = 1.5
"""How long a transaction is tried: Slack waits three seconds for the ack that follows an acceptance."""
RETRY_PAUSE_S = 0.1
PASSING_STATES = {"08", "40", "53", "57"}
"""PostgreSQL's classes of errors for lost connections, rollbacks, missing resources, shutting down and starting up."""


WAITS_ITS_TURN: ContextVar[bool] = ContextVar("waits_its_turn", default=False)
"""Whether a task has time. What Slack waits for, and the leases' renewal, go before all that does."""


@dataclass(frozen=True, slots=True)
class Database:
    """A pool of connections to SQLite or PostgreSQL; `turns` are those that may be used by whoever has time."""

    engine: AsyncEngine
    turns: asyncio.Semaphore

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @property
    def now(self) -> ColumnElement[float]:
        """The database's clock, in seconds since 1970."""
        return now(self.dialect)

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run a transaction; raise LedgerError when it can't be had, after some patience with what may pass."""
        if WAITS_ITS_TURN.get():
            async with self.turns:
                return await self._run(work)
        return await self._run(work)

    async def _run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                async with self.engine.begin() as connection:
                    return await work(connection)
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                if time.monotonic() > deadline or not _may_pass(error):
                    raise LedgerError(f"The ledger can't be used ({reason_of(error)}).") from error
            await asyncio.sleep(RETRY_PAUSE_S)


def reason_of(error: Exception) -> str:
    """Return the driver's first line: what follows it may quote values."""
    told = str(getattr(error, "orig", None) or error) or type(error).__name__
    return told.splitlines()[0][:160]


def _may_pass(error: Exception) -> bool:
    """Tell what another try may mend from a mistake."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError | TimeoutError)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state[:2] in PASSING_STATES or "database is locked" in str(error.orig)
