"""SQLite: one thread has the one connection; what waits for it at the same moment shares a transaction.

So several claims share one wait for the disk. When one of them fails, each is tried again by itself: one question's
mistake is not another one's.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy import URL, create_engine, event
from sqlalchemy.exc import DBAPIError

from bot.ledger.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sqlalchemy import Connection, Engine

T = TypeVar("T")

BUSY_TIMEOUT_MS = 500
OWNER_ONLY = 0o600
MOST_PATIENT = 16
"""How much of what has time goes into one transaction: what Slack waits for comes before the rest."""


class Work(NamedTuple):
    """Statements that belong to one transaction, and where their outcome goes."""

    run: Callable[[Connection], Any]
    outcome: asyncio.Future[Any]
    has_time: bool


class SqliteTransactions:
    """Runs transactions on a SQLite file, in a thread of its own, for the loop in which it is made."""

    dialect = "sqlite"
    errors: tuple[type[Exception], ...] = ()

    def __init__(self, path: Path) -> None:
        make_private(path)
        self.engine = make_engine(path)
        self.loop = asyncio.get_running_loop()
        self.queue: SimpleQueue[Work | None] = SimpleQueue()
        self.urgent: deque[Work] = deque()
        self.patient: deque[Work] = deque()
        self.is_closing = False
        self.thread = threading.Thread(target=self._serve, name="ledger", daemon=True)
        self.thread.start()

    async def run(self, work: Callable[[Connection], T], *, has_time: bool) -> T:
        """Run statements as one transaction, perhaps with others in it; raise what SQLAlchemy or they raise.

        Who is cancelled meanwhile does not know whether it was done.
        """
        outcome: asyncio.Future[T] = self.loop.create_future()
        self.queue.put(Work(work, outcome, has_time))
        return await outcome

    async def close(self) -> None:
        """Do what waits, and close the file."""
        self.queue.put(None)
        await asyncio.to_thread(self.thread.join)

    def _serve(self) -> None:
        while self._take_in():
            batch = [self.urgent.popleft() for _ in range(len(self.urgent))]
            batch += [self.patient.popleft() for _ in range(min(MOST_PATIENT, len(self.patient)))]
            outcomes = self._run_all([work for work in batch if not work.outcome.cancelled()])
            self.loop.call_soon_threadsafe(_deliver, outcomes)
        self.engine.dispose()

    def _take_in(self) -> bool:
        """Sort what has come, and wait where there is nothing to do; False when there is no more to come."""
        while not (self.is_closing or self.urgent or self.patient) or not self.queue.empty():
            work = self.queue.get()
            if work is None:
                self.is_closing = True
            else:
                (self.patient if work.has_time else self.urgent).append(work)
        return bool(self.urgent or self.patient)

    def _run_all(self, batch: list[Work]) -> list[tuple[Work, Any, Exception | None]]:
        """Run a batch in one transaction; where that fails, each in one of its own."""
        try:
            return [(work, result, None) for work, result in zip(batch, self._transaction(batch), strict=True)]
        except Exception as error:  # noqa: BLE001 - whatever a statement raises belongs to who has asked for it
            if len(batch) == 1 or _is_locked(error):
                return [(work, None, error) for work in batch]
        return [outcome for work in batch for outcome in self._run_all([work])]

    def _transaction(self, batch: Iterable[Work]) -> list[Any]:
        with self.engine.begin() as connection:
            return [work.run(connection) for work in batch]


def _deliver(outcomes: Iterable[tuple[Work, Any, Exception | None]]) -> None:
    for work, result, error in outcomes:
        if work.outcome.cancelled():
            continue
        if error:
            work.outcome.set_exception(error)
        else:
            work.outcome.set_result(result)


def _is_locked(error: Exception) -> bool:
    """Tell whether another process has the file: whoever comes next would wait for it too."""
    return isinstance(error, DBAPIError) and "database is locked" in str(error.orig)


def make_engine(path: Path) -> Engine:
    """Return an engine with one connection, whose errors never show a statement's values: questions stand in them."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(
        url, hide_parameters=True, pool_size=1, max_overflow=0, connect_args={"check_same_thread": False}
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def make_private(path: Path) -> None:
    """Make the file for its owner alone; SQLite gives the files beside it (-wal, -shm) the same permissions."""
    try:
        path.touch(mode=OWNER_ONLY)
        path.chmod(OWNER_ONLY)
    except OSError as error:
        message = f"The ledger {path} can't be written ({error.strerror})."
        raise LedgerError(message, hint="Check DATABASE_URL.") from error


def _set_up(connection: Any, _: object) -> None:
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
