"""PostgreSQL: the ledger that several replicas share, by a few connections each."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import uuid4

import asyncpg
from sqlalchemy import event
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from sqlalchemy.engine import ExceptionContext
    from sqlalchemy.ext.asyncio import AsyncEngine

logger = logging.getLogger(__name__)

T = TypeVar("T")

DBAPI: Any = PGDialect_asyncpg.import_dbapi()  # type: ignore[no-untyped-call]
POOLERS_ERRORS = {"26000", "42P05"}
"""PostgreSQL's states for a prepared statement that does not exist, and for one that exists already."""
CONNECTIONS = 5
TURNS = CONNECTIONS - 1
"""How much of what has time is let in: what Slack waits for finds a connection free."""
CALL_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class PostgresTransactions:
    """Runs transactions on a pool of connections. Whoever has time waits for a turn, of which there are fewer."""

    dialect: ClassVar[str] = "postgresql"
    errors: ClassVar[tuple[type[Exception], ...]] = (asyncpg.PostgresError,)
    engine: AsyncEngine
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TURNS))

    async def run(self, work: Callable[[Connection], T], *, has_time: bool) -> T:
        """Run statements as one transaction; raise what SQLAlchemy, asyncpg or they raise."""
        async with self.turns if has_time else nullcontext(), self.engine.begin() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        """Close the connections."""
        await self.engine.dispose()


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


def make_engine(dsn: str) -> AsyncEngine:
    """Return an engine whose errors never show a statement's values: questions stand in them."""
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
