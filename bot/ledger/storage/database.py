"""The database: transactions, whole or not at all, tried again while it is away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError

from bot.ledger.errors import LedgerError
from bot.ledger.storage.schema import now
from bot.telemetry import LEDGER_SPAN, span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, CursorResult, Executable, Row
    from sqlalchemy.sql.elements import ColumnElement

    Parameters = Mapping[str, Any] | None

T = TypeVar("T")

PATIENCE_S = 1.5
"""How long a transaction is tried: Slack waits three seconds for the ack that follows an acceptance."""
RETRY_PAUSE_S = 0.1
PASSING_STATES = {"08", "40", "53", "57"}
"""PostgreSQL's classes of errors for lost connections, rollbacks, missing resources, shutting down and starting up."""


class Transactions(Protocol):
    """What runs transactions: bot.ledger.storage.sqlite, bot.ledger.storage.postgresql."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What its driver raises when it can't connect, beside SQLAlchemy's errors."""
        ...

    async def run(self, work: Callable[[Connection], T], *, has_time: bool) -> T:
        """Run statements as one transaction; raise what SQLAlchemy, the driver or they raise."""
        ...

    async def close(self) -> None:
        """End what is under way, and close all connections."""
        ...


@dataclass(frozen=True, slots=True)
class Database:
    """SQLite or PostgreSQL.

    Whoever `has_time` lets those go first who have none: Slack, which wants its ack, and the renewal of leases.
    """

    transactions: Transactions
    has_time: bool = False

    def waiting(self) -> Database:
        """Return the same database for whoever has time."""
        return replace(self, has_time=True)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.transactions.dialect

    @property
    def now(self) -> ColumnElement[float]:
        """The database's clock, in seconds since 1970."""
        return now(self.dialect)

    async def time(self) -> float:
        """Return what its clock says: a number in a statement lets PostgreSQL tell how many rows are newer."""
        return float(await self.scalar(select(self.now)))

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Sequence[Row[Any]]:
        """Return all rows of a statement."""
        return await self.run(lambda connection: connection.execute(statement, parameters).all())

    async def one(self, statement: Executable, parameters: Parameters = None) -> Row[Any] | None:
        """Return the first row of a statement; None where there is none."""
        return await self.run(lambda connection: connection.execute(statement, parameters).first())

    async def scalar(self, statement: Executable, parameters: Parameters = None) -> Any:
        """Return the first value of the first row; None where there is none."""
        return await self.run(lambda connection: connection.execute(statement, parameters).scalar())

    async def changed(self, statement: Executable, parameters: Parameters = None) -> int:
        """Return how many rows a statement has changed."""

        def work(connection: Connection) -> int:
            result: CursorResult[Any] = connection.execute(statement, parameters)
            return result.rowcount

        return await self.run(work)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run several statements as one transaction, perhaps more than once.

        Raise LedgerError when it can't be had, after some patience with what may pass.
        """
        deadline = time.monotonic() + PATIENCE_S
        with span(LEDGER_SPAN):
            while True:
                try:
                    return await self.transactions.run(work, has_time=self.has_time)
                except (SQLAlchemyError, OSError, TimeoutError) as error:
                    if time.monotonic() > deadline or not _may_pass(error):
                        raise LedgerError(f"The ledger can't be used ({reason_of(error)}).") from error
                await asyncio.sleep(RETRY_PAUSE_S)


def reason_of(error: Exception) -> str:
    """Return what a driver says, without values: an error in the data may quote them in its first line."""
    origin = getattr(error, "orig", None) or error
    cause = getattr(origin, "__cause__", None) or origin
    kind = type(cause).__name__
    if isinstance(error, DataError) or isinstance(cause, ValueError) or kind == "DataError":
        return kind
    return (str(origin) or kind).splitlines()[0][:160]


def _may_pass(error: Exception) -> bool:
    """Tell what another try may fix from a mistake."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError | TimeoutError)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state[:2] in PASSING_STATES or "database is locked" in str(error.orig)
