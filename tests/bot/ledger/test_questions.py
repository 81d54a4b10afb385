"""This file is where one question is claimed, leased, handed on, closed and forgotten: on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from bot.domain import SlackMessage
from bot.ledger import (
    WAITS_ITS_TURN,
    Ledger,
    LedgerError,
    LostLeaseError,
    Outcome,
    forget_older_than,
    forget_user,
    has_joined,
    mute,
    note_escalation,
    note_feedback,
    open_ledger,
    resolve_escalation,
)
from bot.ledger.storage.processes import is_dead, this_process
from tests.builders import AN_INQUIRY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from tests.standins.postgres import PostgresServer

MESSAGES = [SlackMessage(text="one", blocks=[{"type": "divider"}]), SlackMessage(text="two", blocks=[])]
OUTCOME = Outcome(
    kind="grounded",
    passages=(("p1", 0.8, "2.4"),),
    versions={"model": "mistral-7b"},
    times={"search": 0.02},
    tokens=(900, 120),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an empty ledger's address."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    asyncio.run(empty(server.url))
    return server.url


async def empty(url: str) -> None:
    async with open_ledger(url) as ledger, ledger.database.engine.begin() as connection:
        for table in ("feedback", "escalations", "muted_threads", "past_answers", "questions"):
            await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names from above


@asynccontextmanager
async def two_replicas(url: str) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Open the ledger twice; the second is another process on another machine, as far as the first can see."""
    async with open_ledger(url) as one, open_ledger(url) as two:
        yield one, replace(two, owner="elsewhere/1/x")


async def run_out_of_time(ledger: Ledger) -> None:
    async with ledger.database.engine.begin() as connection:
        await connection.execute(text("UPDATE questions SET lease_until = lease_until - 16"))


async def row(ledger: Ledger) -> dict[str, object]:
    async with ledger.database.engine.begin() as connection:
        (found,) = (await connection.execute(text("SELECT * FROM questions"))).mappings()
        return dict(found)


def test_of_all_that_claim_a_question_at_once_one_gets_it(url: str) -> None:
    async def scenario() -> int:
        async with two_replicas(url) as (one, two):
            claims = await asyncio.gather(*(ledger.accept(AN_INQUIRY) for ledger in (one, two) * 10))
            other = await one.accept(replace(AN_INQUIRY, ts="1700000000.000003"))
        assert other is not None
        return sum(claim is not None for claim in claims)

    assert asyncio.run(scenario()) == 1


def test_what_an_answer_rests_on_and_took_is_kept_and_its_reply_address_is_not(url: str) -> None:
    async def scenario() -> dict[str, object]:
        async with open_ledger(url) as ledger:
            entry = await ledger.accept(AN_INQUIRY, reply_url="https://hooks.example/secret")
            assert entry
            entry = await ledger.begin(entry)
            assert await ledger.reply_url(entry) == "https://hooks.example/secret"
            entry = await ledger.note_answer(entry, MESSAGES, OUTCOME)
            entry = await ledger.note_posted(entry, {0: "1.1", 1: "1.2"})
            assert (entry.messages, entry.posted, entry.kind) == (tuple(MESSAGES), {0: "1.1", 1: "1.2"}, "grounded")
            await ledger.close(entry, "answered")
            assert await ledger.counts() == {"answered": 1}
            return await row(ledger)

    kept = asyncio.run(scenario())
    assert kept["state"] == "answered"
    assert kept["reply_url"] is None
    assert str(kept["accepted_at"]) <= str(kept["begun_at"]) <= str(kept["ended_at"])
    assert "p1" in str(kept["passages"])
    assert "900" in str(kept["tokens"])
    assert "mistral-7b" in str(kept["versions"])


def test_a_lease_that_runs_out_is_taken_over_with_all_that_was_done(url: str) -> None:
    async def scenario() -> None:
        async with two_replicas(url) as (one, two):
            entry = await two.accept(AN_INQUIRY)
            assert entry
            entry = await two.note_answer(await two.begin(entry), MESSAGES, OUTCOME)
            entry = await two.note_posted(entry, {0: "1.1"})
            assert await one.take_over() == []
            await run_out_of_time(two)
            taken = await one.take_over()
            assert taken[0].posted == {0: "1.1"}
            assert taken[0].messages == tuple(MESSAGES)
            assert taken[0].attempts == 2
            with pytest.raises(LostLeaseError):
                await two.note_posted(entry, {0: "1.1", 1: "1.2"})
            assert await two.keep([entry.id]) == {}
            await one.close(taken[0], "answered")
            assert await two.take_over() == []

    asyncio.run(scenario())


def test_a_lease_that_is_renewed_is_not_taken_over(url: str) -> None:
    async def scenario() -> None:
        async with two_replicas(url) as (one, two):
            entry = await two.accept(AN_INQUIRY)
            assert entry
            await run_out_of_time(two)
            assert await two.keep([entry.id]) == {entry.id: False}
            assert await one.take_over() == []

    asyncio.run(scenario())


def test_what_is_handed_on_is_taken_up_at_once_and_is_no_failed_attempt(url: str) -> None:
    async def scenario() -> int:
        async with two_replicas(url) as (one, two):
            entry = await two.accept(AN_INQUIRY)
            assert entry
            await two.hand_on([entry.id])
            (taken,) = await one.take_over()
            return taken.attempts

    assert asyncio.run(scenario()) == 1


def test_what_a_dead_process_of_this_machine_left_is_taken_up_at_once(url: str) -> None:
    async def scenario() -> int:
        async with open_ledger(url) as ledger:
            machine, _, _ = this_process().split("/")
            dead = replace(ledger, owner=f"{machine}/{2**22 - 1}/x")
            assert await dead.accept(AN_INQUIRY)
            return len(await ledger.take_over())

    assert asyncio.run(scenario()) == 1
    assert not is_dead(this_process())
    assert not is_dead("another machine/1/x")


def test_two_replicas_never_take_over_the_same_question(url: str) -> None:
    async def scenario() -> list[int]:
        async with two_replicas(url) as (one, two):
            entries = [await one.accept(replace(AN_INQUIRY, ts=f"1.{number}")) for number in range(40)]
            await one.hand_on([entry.id for entry in entries if entry])
            taken = await asyncio.gather(*(ledger.take_over(5) for ledger in (one, two) * 4))
            return sorted(entry.id for some in taken for entry in some)

    ids = asyncio.run(scenario())
    assert len(ids) == len(set(ids)) == 40


def test_forgetting_a_person_deletes_their_words_and_keeps_the_counts(url: str) -> None:
    async def scenario() -> dict[str, object]:
        async with open_ledger(url) as ledger:
            entry = await ledger.accept(AN_INQUIRY)
            assert entry
            entry = await ledger.note_answer(await ledger.begin(entry), MESSAGES, OUTCOME)
            await ledger.close(entry, "answered")
            assert await note_feedback(ledger.database, AN_INQUIRY.key, user="U0ASKER", liked=True, reason="thanks, Bo")
            assert await note_feedback(ledger.database, AN_INQUIRY.key, user="U0ASKER", liked=False, reason="no, Bo")
            assert await note_escalation(ledger.database, AN_INQUIRY.key, user="U0ASKER")
            assert not await note_escalation(ledger.database, AN_INQUIRY.key, user="U0OTHER")
            assert not await note_feedback(ledger.database, ("T", "C", "0"), user="U0ASKER", liked=True)
            assert await forget_user(ledger.database, "U0OTHER") == 0
            assert await forget_user(ledger.database, "U0ASKER") == 1
            assert await forget_user(ledger.database, "U0ASKER") == 0
            async with ledger.database.engine.begin() as connection:
                liked = (await connection.execute(text("SELECT liked, reason, user FROM feedback"))).all()
                asked = (await connection.execute(text('SELECT "user" FROM escalations'))).all()
            assert [(one.liked, one.reason) for one in liked] == [(0, None)]
            assert [one.user for one in asked] == [""]
            return await row(ledger)

    kept = asyncio.run(scenario())
    assert (kept["user"], kept["text"], kept["messages"], kept["state"]) == ("", None, None, "answered")
    assert "p1" in str(kept["passages"])


def test_an_open_question_of_a_forgotten_person_is_not_answered(url: str) -> None:
    async def scenario() -> None:
        async with open_ledger(url) as ledger:
            entry = await ledger.accept(AN_INQUIRY)
            assert entry
            await forget_user(ledger.database, AN_INQUIRY.user)
            with pytest.raises(LostLeaseError):
                await ledger.begin(entry)

    asyncio.run(scenario())


def test_text_is_forgotten_when_it_is_old_enough(url: str) -> None:
    async def scenario() -> list[int]:
        async with open_ledger(url) as ledger:
            entry = await ledger.accept(AN_INQUIRY)
            assert entry
            await ledger.stop(AN_INQUIRY.thread, user="U0STOPPER")
            await ledger.close(await ledger.begin(entry), "answered")
            assert await note_escalation(ledger.database, AN_INQUIRY.key, user="U0CALLER")
            assert await resolve_escalation(ledger.database, AN_INQUIRY.key, user="U0HELPER")
            assert await mute(ledger.database, AN_INQUIRY.thread, user="U0MUTER")
            async with ledger.database.engine.begin() as connection:
                await connection.execute(text("UPDATE questions SET accepted_at = accepted_at - 10.5 * 86400"))
                await connection.execute(text("UPDATE muted_threads SET at = at - 10.5 * 86400"))
            forgotten = [await forget_older_than(ledger.database, days) for days in (11, 10)]
            async with ledger.database.engine.begin() as connection:
                for table in ("questions", "escalations", "muted_threads"):
                    rows = await connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - names from above
                    assert "U0" not in str(rows.all())
            return forgotten

    assert asyncio.run(scenario()) == [0, 1]


def test_a_ledger_of_an_older_version_is_migrated_with_its_rows(url: str) -> None:
    async def scenario() -> dict[str, int]:
        async with open_ledger(url) as ledger:
            assert await ledger.accept(AN_INQUIRY)
            async with ledger.database.engine.begin() as connection:
                for statement in (
                    "DROP TABLE muted_threads",
                    "DROP INDEX questions_by_thread",
                    "ALTER TABLE questions DROP COLUMN way",
                    "DROP TABLE past_answers",
                    *(
                        f"ALTER TABLE questions DROP COLUMN {name}"
                        for name in ("standing", "revision", "style", "stopped_by", "edited_ts", "untidied")
                    ),
                    "DROP TABLE feedback",
                    "DROP TABLE escalations",
                    "UPDATE ledger_schema SET version = 1",
                ):
                    await connection.execute(text(statement))
        async with open_ledger(url) as ledger:
            assert await note_feedback(ledger.database, AN_INQUIRY.key, user="U1", liked=True)
            assert await has_joined(ledger.database, AN_INQUIRY.thread)
            return await ledger.counts()

    assert asyncio.run(scenario()) == {"accepted": 1}


def test_a_ledger_of_a_newer_version_is_refused_and_left_as_it_is(url: str) -> None:
    async def set_version(number: int) -> None:
        async with open_ledger(url) as ledger, ledger.database.engine.begin() as connection:
            await connection.execute(text(f"UPDATE ledger_schema SET version = {number}"))  # noqa: S608

    async def reopen() -> None:
        async with open_ledger(url):
            pass

    asyncio.run(set_version(99))
    with pytest.raises(LedgerError, match="written by a newer milvusfaq"):
        asyncio.run(reopen())
    if url.startswith("postgresql"):  # the server goes on to the next test
        asyncio.run(repair(url))


async def repair(url: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    engine = create_async_engine(url.replace("postgresql", "postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE ledger_schema SET version = 5"))
    await engine.dispose()


def test_a_sqlite_file_that_is_locked_is_waited_for_and_then_told_of(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"

    async def scenario() -> None:
        async with open_ledger(f"sqlite:///{path}") as ledger:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(LedgerError, match="database is locked"):
                await ledger.accept(AN_INQUIRY)
            claim = asyncio.create_task(ledger.accept(AN_INQUIRY))
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
            long = replace(AN_INQUIRY, text="why? " * 4_000)
            with pytest.raises(LedgerError, match="database or disk is full"):
                await ledger.accept(long)
            async with ledger.database.engine.connect() as connection:
                await connection.execute(text("PRAGMA max_page_count = 100000"))
            assert await ledger.accept(long)

    asyncio.run(scenario())


def test_the_ledger_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.touch(mode=0o644)

    async def scenario() -> None:
        async with open_ledger(f"sqlite:///{path}") as ledger:
            await ledger.accept(AN_INQUIRY)
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
            "The ledger can't be opened at postgresql+asyncpg://me:***@127.0.0.1:9/x",
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
            assert await ledger.accept(AN_INQUIRY)
            postgres.stop()
            with pytest.raises(LedgerError, match="The ledger can't be used"):
                await ledger.counts()
            postgres.start()
            assert await ledger.counts() == {"accepted": 1}

    asyncio.run(scenario())


def test_what_slack_waits_for_goes_before_what_has_time(url: str) -> None:
    async def scenario() -> list[str]:
        done, gate = [], asyncio.Event()

        async def patient(ledger: Ledger, name: str) -> None:
            WAITS_ITS_TURN.set(True)

            async def work(_: AsyncConnection) -> None:
                await gate.wait()
                done.append(name)

            await ledger.database.run(work)

        async def urgent(ledger: Ledger) -> None:
            await ledger.accept(AN_INQUIRY)
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
            WAITS_ITS_TURN.set(True)
            return await ledger.accept(replace(AN_INQUIRY, ts=f"{number}.1")) is not None

        async with open_ledger(url) as ledger:
            return sum(await asyncio.gather(*(patient(ledger, number) for number in range(300))))

    assert asyncio.run(scenario()) == 300
