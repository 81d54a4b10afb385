"""Storage: files, addresses, databases that are away, and who goes first."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.util import await_only

from bot.ledger import Ledger, LedgerError, open_ledger
from bot.ledger.storage.database import reason_of
from tests.bot.ledger.support import empty
from tests.builders import A_QUESTION

if TYPE_CHECKING:
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
            async with ledger.database.engine.connect() as connection:
                pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
                await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
            long = replace(A_QUESTION, text="why? " * 4_000)
            with pytest.raises(LedgerError, match="database or disk is full"):
                await ledger.questions.accept(long)
            async with ledger.database.engine.connect() as connection:
                await connection.execute(text("PRAGMA max_page_count = 100000"))
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
            async with ledger.database.engine.begin() as connection:
                await connection.exec_driver_sql("DEALLOCATE ALL")  # as on a server that has prepared nothing
            assert await ledger.questions.counts() == {}
            async with ledger.database.engine.begin() as connection:
                names = await connection.exec_driver_sql(
                    "SELECT name FROM pg_prepared_statements WHERE name LIKE '__a%'"
                )
                assert names.all() == []
            assert await ledger.questions.accept(A_QUESTION)

    asyncio.run(scenario())


def test_what_slack_waits_for_goes_before_what_has_time(url: str) -> None:
    async def scenario() -> list[str]:
        done, gate = [], asyncio.Event()

        async def patient(ledger: Ledger, name: str) -> None:
            def work(_: Connection) -> None:
                await_only(gate.wait())
                done.append(name)

            await ledger.waiting().database.run(work)

        async def urgent(ledger: Ledger) -> None:
            await ledger.questions.accept(A_QUESTION)
            done.append("accepted")

        async with open_ledger(url) as ledger, asyncio.TaskGroup() as tasks:
            for number in range(12):
                tasks.create_task(patient(ledger, str(number)))
            await asyncio.sleep(0)
            accepting = tasks.create_task(urgent(ledger))
            if url.startswith("postgresql"):
                await accepting
            gate.set()
        return done

    assert asyncio.run(scenario()).index("accepted") < 5


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
