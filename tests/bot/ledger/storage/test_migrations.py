"""Ledgers of older versions on their way to today's: on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import pytest
from sqlalchemy import MetaData, column, insert, inspect, table, text

from bot.ledger import LedgerError, open_ledger
from bot.ledger.storage.address import read_address
from bot.ledger.storage.migrations import MIGRATION_LOCK, VERSION, bring_up_to_date
from bot.ledger.storage.opening import connect
from tests.builders import A_QUESTION
from tests.standins.old_ledgers import LEDGERS, TYPES, rows_of, rows_once_migrated

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.standins.postgres import PostgresServer

Described = dict[str, dict[str, Any]]

T = TypeVar("T")
PATIENCE_S = 20.0
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
"""Counts those who wait for the migrations' lock."""
OLDER = [version for version in LEDGERS if version < VERSION]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an empty database's address."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    asyncio.run(make_empty(postgres.url))
    return postgres.url


async def run(url: str, work: Callable[[Connection], T]) -> T:
    """Run statements on a database as it is."""
    transactions = connect(read_address(url))
    try:
        return await transactions.run(work, has_time=False)
    finally:
        await transactions.close()


async def make_empty(url: str) -> None:
    def drop_everything(connection: Connection) -> None:
        found = MetaData()
        found.reflect(connection)
        found.drop_all(connection)

    await run(url, drop_everything)


async def make_old(url: str, version: int) -> None:
    """Make a ledger of an older version, with rows."""

    def make(connection: Connection) -> None:
        for statement in LEDGERS[version]:
            connection.exec_driver_sql(statement.format_map(TYPES[connection.dialect.name]))
        connection.execute(insert(table("ledger_schema", column("version"))).values(version=version))
        for name, rows in rows_of(version).items():
            for row in rows:
                connection.execute(insert(table(name, *map(column, row))).values(row))

    await run(url, make)


async def bring(url: str) -> int | None:
    return await run(url, bring_up_to_date)


async def opened(url: str) -> None:
    async with open_ledger(url):
        pass


async def version_in(url: str) -> int:
    return await run(url, lambda connection: connection.execute(text("SELECT version FROM ledger_schema")).scalar_one())


async def described(url: str) -> Described:
    return await run(url, describe)


def describe(connection: Connection) -> Described:
    """Return all that the database tells of its tables, but for the columns' order: newer ones stand last."""
    inspector = inspect(connection)
    return {
        name: {
            "columns": {told["name"]: describe_column(told) for told in inspector.get_columns(name)},
            "key": inspector.get_pk_constraint(name),
            "foreign keys": inspector.get_foreign_keys(name),
            "unique": inspector.get_unique_constraints(name),
            "indexes": sorted(map(describe_index, inspector.get_indexes(name)), key=lambda index: str(index["name"])),
            "checks": inspector.get_check_constraints(name),
        }
        for name in inspector.get_table_names()
    }


def describe_index(told: Any) -> dict[str, Any]:
    """An index' condition is a text of SQLAlchemy's own: as words they can be compared."""
    return {**told, "dialect_options": {name: str(value).split() for name, value in told["dialect_options"].items()}}


def describe_column(told: Any) -> tuple[str, bool, str | None, int]:
    """SQLAlchemy writes a number's default with quotes, which SQLite repeats; as a default it is the same."""
    default = told["default"]
    quoted_number = default and default.strip("'").isdigit()
    return (
        str(told["type"]),
        told["nullable"],
        default.strip("'") if quoted_number else default,
        told.get("primary_key", 0),
    )


async def rows_in(url: str, name: str) -> list[dict[str, Any]]:
    found = await run(url, lambda connection: connection.execute(text(f"SELECT * FROM {name} ORDER BY 1")).all())  # noqa: S608
    return [{column: as_written(value) for column, value in row._asdict().items() if column != "id"} for row in found]


def as_written(value: Any) -> Any:
    """asyncpg reads JSON, sqlite3 leaves it as it stands."""
    return json.dumps(value) if isinstance(value, list | dict) else value


@pytest.mark.parametrize("version", LEDGERS)
def test_an_older_ledger_gets_the_tables_of_a_new_one(url: str, version: int) -> None:
    async def scenario() -> tuple[Described, Described]:
        await opened(url)
        new = await described(url)
        await make_empty(url)
        await make_old(url, version)
        await opened(url)
        return await described(url), new

    migrated, new = asyncio.run(scenario())
    if version == 5:  # gave its new ledgers another default than migrated ones; whoever writes there needs neither
        for tables in (migrated, new):
            del tables["escalations"]["columns"]["posted_ts"]
    assert migrated == new


@pytest.mark.parametrize("version", LEDGERS)
def test_an_older_ledgers_rows_stay_and_have_defaults_in_newer_columns(url: str, version: int) -> None:
    async def scenario() -> None:
        await make_old(url, version)
        await opened(url)
        assert await version_in(url) == VERSION
        for name, wanted in rows_once_migrated(version).items():
            found = await rows_in(url, name)
            assert found == [{**dict.fromkeys(found[0]), **row} for row in wanted]

    asyncio.run(scenario())


@pytest.mark.parametrize("version", OLDER)
def test_an_older_ledger_is_written_like_a_new_one(url: str, version: int) -> None:
    async def scenario() -> None:
        await make_old(url, version)
        async with open_ledger(url) as ledger:
            assert await ledger.questions.accept(A_QUESTION)
            assert await ledger.feedback.record(A_QUESTION.ref, user="U1", liked=True)
            assert await ledger.escalations.request(A_QUESTION.ref, user="U1")
            assert await ledger.threads.mute(A_QUESTION.thread, user="U1")
            assert await ledger.escalations.claim_unposted() == [], "people have been called for those of before"

    asyncio.run(scenario())


def test_a_migration_that_fails_half_way_leaves_the_ledger_as_it_was(url: str) -> None:
    async def scenario() -> None:
        await make_old(url, 1)
        await run(url, lambda connection: connection.execute(text("CREATE TABLE past_answers (odd INTEGER)")).close())
        before = await described(url)
        with pytest.raises(LedgerError, match=r"can't be opened .*past_answers.* already exists"):
            await opened(url)
        assert await described(url) == before
        assert await version_in(url) == 1

    asyncio.run(scenario())


def test_a_ledger_of_a_newer_version_is_refused_and_left_as_it_is(url: str) -> None:
    async def scenario() -> None:
        await make_old(url, 1)
        await run(url, lambda connection: connection.execute(text("UPDATE ledger_schema SET version = 99")).close())
        before = await described(url)
        with pytest.raises(LedgerError, match="written by a newer milvusfaq"):
            await opened(url)
        assert await described(url) == before
        assert await version_in(url) == 99

    asyncio.run(scenario())


@pytest.mark.parametrize("version", [None, 1])
def test_of_two_replicas_that_start_at_once_one_migrates(postgres_url: str, version: int | None) -> None:
    async def scenario() -> set[int | None]:
        if version:
            await make_old(postgres_url, version)
        gate = await asyncpg.connect(postgres_url)
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            await gate.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
            replicas = [tasks.create_task(bring(postgres_url)) for _ in range(2)]
            while await gate.fetchval(WAITING) < len(replicas):
                pass
            await gate.execute(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})")
        await gate.close()
        return {await replica for replica in replicas}

    assert asyncio.run(scenario()) == {version, VERSION}
