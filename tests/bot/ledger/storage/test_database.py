"""Storage: files, addresses, databases that are away, and who goes first."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.util import await_only

from bot.ledger import Entry, Ledger, LedgerError, open_ledger
from bot.ledger.storage.database import reason_of
from bot.ledger.storage.sqlite import SqliteTransactions
from tests.bot.ledger.support import empty
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.standins.postgres import PostgresServer


def test_a_sqlite_file_that_is_locked_is_waited_for_and_then_told_of(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"

    async def scenario() -> None:
        async with open_ledger(f"sqlite:///{path}") as ledger:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(LedgerError, match="database is locked"):
                await ledger.questions.accept(A_QUESTION)
            claim = asyncio.create_task(ledger.questions.accept(A_QUESTION))
            await asyncio.sleep(0)
            other.execute("ROLLBACK")
            other.close()
            assert await claim

    asyncio.run(scenario())


def test_a_full_disk_is_told_of_and_nothing_is_claimed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}") as ledger:
            pages = await ledger.database.scalar(text("PRAGMA page_count"))
            await ledger.database.rows(text(f"PRAGMA max_page_count = {pages}"))
            long = replace(A_QUESTION, text="why? " * 4_000)
            with pytest.raises(LedgerError, match="database or disk is full"):
                await ledger.questions.accept(long)
            await ledger.database.rows(text("PRAGMA max_page_count = 100000"))
            assert await ledger.questions.accept(long)

    asyncio.run(scenario())


def test_the_ledger_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.touch(mode=0o644)

    async def scenario() -> None:
        async with open_ledger(f"sqlite:///{path}") as ledger:
            await ledger.questions.accept(A_QUESTION)
            assert set(modes_in(tmp_path).values()) == {0o600}
            assert len(modes_in(tmp_path)) == 3

    asyncio.run(scenario())


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("mysql://root:hidden@localhost/x", "DATABASE_URL is neither sqlite:///PATH nor postgresql://"),
        ("nonsense", "DATABASE_URL is neither sqlite:///PATH nor postgresql://"),
        ("sqlite:////nowhere/at/all.sqlite3", "The folder of DATABASE_URL's file does not exist: /nowhere/at."),
        (
            "postgresql://me:hidden@127.0.0.1:9/x",
            "The ledger can't be opened at postgresql://127.0.0.1:9/x",
        ),
    ],
)
def test_an_address_that_can_not_work_is_told_of_without_its_password(url: str, line: str) -> None:
    async def reopen() -> None:
        async with open_ledger(url):
            pass

    with pytest.raises(LedgerError) as told:
        asyncio.run(reopen())
    assert line in str(told.value)
    assert "hidden" not in str(told.value)


def test_a_restart_of_postgresql_is_waited_for(postgres: PostgresServer) -> None:
    async def scenario() -> None:
        await empty(postgres.url)
        async with open_ledger(postgres.url) as ledger:
            assert await ledger.questions.accept(A_QUESTION)
            postgres.stop()
            with pytest.raises(LedgerError, match="The ledger can't be used"):
                await ledger.questions.counts()
            postgres.start()
            assert await ledger.questions.counts() == {"accepted": 1}

    asyncio.run(scenario())


@pytest.mark.parametrize(("encoding", "is_taken"), [("LATIN1", False), ("SQL_ASCII", True)])
def test_a_database_that_can_not_hold_every_language_is_told_of(
    postgres: PostgresServer, encoding: str, *, is_taken: bool
) -> None:
    name = encoding.lower()

    async def scenario() -> None:
        connection = await asyncpg.connect(postgres.url)
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        await connection.close()
        url = postgres.url.replace("/postgres", f"/{name}")
        if not is_taken:
            with pytest.raises(LedgerError, match=r"holds LATIN1 alone.*ENCODING 'UTF8'"):
                async with open_ledger(url):
                    pass
            return
        async with open_ledger(url) as ledger:
            entry = await ledger.questions.accept(replace(A_QUESTION, text="\u5411\u91cf\U0001f600"))
            assert entry
            assert (await ledger.questions.refresh(entry)).question.text == "\u5411\u91cf\U0001f600"

    asyncio.run(scenario())


def test_behind_a_pooler_that_changes_servers_nothing_fails(postgres: PostgresServer) -> None:
    async def scenario() -> None:
        await empty(postgres.url)
        async with open_ledger(postgres.url) as ledger:
            await ledger.questions.counts()
            await ledger.database.run(lambda connection: connection.exec_driver_sql("DEALLOCATE ALL"))  # another server
            assert await ledger.questions.counts() == {}
            prepared = text("SELECT name FROM pg_prepared_statements WHERE name LIKE '%asyncpg%'")
            assert not await ledger.database.rows(prepared)
            assert await ledger.questions.accept(A_QUESTION)

    asyncio.run(scenario())


def test_what_slack_waits_for_finds_a_connection_to_postgresql_free(postgres: PostgresServer) -> None:
    async def scenario() -> bool:
        await empty(postgres.url)
        gate = asyncio.Event()

        def work(_: Connection) -> None:
            await_only(gate.wait())

        async with open_ledger(postgres.url) as ledger, asyncio.TaskGroup() as tasks:
            patient = [tasks.create_task(ledger.waiting().database.run(work)) for _ in range(12)]
            accepted = await ledger.questions.accept(A_QUESTION)
            was_first = not any(task.done() for task in patient)
            gate.set()
        return was_first and accepted is not None

    assert asyncio.run(scenario())


@asynccontextmanager
async def busy_sqlite(folder: Path) -> AsyncIterator[tuple[Ledger, threading.Event]]:
    """Open a ledger whose thread works on something until the event is set."""
    loop, begun, gate = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def work(_: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        gate.wait(10)

    async with open_ledger(f"sqlite:///{folder / 'ledger.sqlite3'}") as ledger, asyncio.TaskGroup() as tasks:
        tasks.create_task(ledger.database.run(work))
        await begun.wait()
        yield ledger, gate
        gate.set()


def test_what_slack_waits_for_goes_before_what_waits_for_sqlite_too(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        done: list[str] = []

        def note(name: str, _: Connection) -> None:
            done.append(name)

        async with busy_sqlite(tmp_path) as (ledger, gate), asyncio.TaskGroup() as tasks:
            for number in range(40):
                tasks.create_task(ledger.waiting().database.run(partial(note, str(number))))
            await asyncio.sleep(0)
            tasks.create_task(ledger.database.run(partial(note, "urgent")))
            await asyncio.sleep(0)
            gate.set()
        return done

    assert asyncio.run(scenario()).index("urgent") == 0


def test_what_fails_in_a_shared_transaction_takes_nothing_else_with_it(tmp_path: Path) -> None:
    async def scenario() -> tuple[Sequence[object], dict[str, int]]:
        async with busy_sqlite(tmp_path) as (ledger, gate):
            claims = [ledger.questions.accept(replace(A_QUESTION, ts=f"{number}.1")) for number in range(5)]
            mistake = ledger.database.rows(text("SELECT 1 FROM nowhere"))
            together = asyncio.gather(*claims[:3], mistake, *claims[3:], return_exceptions=True)
            await asyncio.sleep(0)
            gate.set()
            return await together, await ledger.questions.counts()

    told, counts = asyncio.run(scenario())
    assert isinstance(told[3], LedgerError)
    assert "no such table: nowhere" in str(told[3])
    assert [isinstance(one, Entry) for one in told] == [True, True, True, False, True, True]
    assert counts == {"accepted": 5}


def test_claims_that_wait_together_share_one_transaction(tmp_path: Path) -> None:
    async def scenario() -> int:
        begun: list[object] = []
        async with busy_sqlite(tmp_path) as (ledger, gate):
            transactions = ledger.database.transactions
            assert isinstance(transactions, SqliteTransactions)
            event.listen(transactions.engine, "begin", begun.append)
            claims = [ledger.questions.accept(replace(A_QUESTION, ts=f"{number}.1")) for number in range(50)]
            together = asyncio.gather(*claims)
            await asyncio.sleep(0)
            gate.set()
            assert all(await together)
        return len(begun)

    assert asyncio.run(scenario()) == 1


def test_what_is_cancelled_while_it_waits_is_not_done(tmp_path: Path) -> None:
    async def scenario() -> dict[str, int]:
        async with busy_sqlite(tmp_path) as (ledger, gate):
            claim = asyncio.create_task(ledger.questions.accept(A_QUESTION))
            await asyncio.sleep(0)
            claim.cancel()
            await asyncio.gather(claim, return_exceptions=True)
            gate.set()
            return await ledger.questions.counts()

    assert asyncio.run(scenario()) == {}


def test_those_who_have_time_wait_for_their_turn_however_long_and_do_not_fail(url: str) -> None:
    async def scenario() -> int:
        async def patient(ledger: Ledger, number: int) -> bool:
            question = replace(A_QUESTION, ts=f"{number}.1")
            return await ledger.waiting().questions.accept(question) is not None

        async with open_ledger(url) as ledger:
            return sum(await asyncio.gather(*(patient(ledger, number) for number in range(300))))

    assert asyncio.run(scenario()) == 300


@pytest.mark.parametrize(
    "origin",
    [ValueError("'My salary is' can't be encoded"), UnicodeEncodeError("utf-8", "My salary is", 0, 1, "no")],
)
def test_a_refused_value_stands_in_no_reason(origin: Exception) -> None:
    assert "salary" not in reason_of(DBAPIError("INSERT …", {}, origin))
    assert "salary" not in reason_of(DataError("INSERT …", {}, Exception("invalid: My salary is")))


def test_other_reasons_are_the_drivers_own() -> None:
    assert reason_of(DBAPIError("SELECT 1", {}, Exception("connection refused\nDETAIL: …"))) == "connection refused"
