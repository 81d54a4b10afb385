"""Growth: what a large ledger, many passages and many questions cost. The figures of docs/scaling.md.

python -m benchmarks.growth ledger       # a million questions in SQLite and in PostgreSQL, and how they are found
python -m benchmarks.growth passages     # 2,700 to 100,000 passages in Milvus Lite, here and as a server
python -m benchmarks.growth questions    # 10,000 questions, one after the other at the bot's own speed
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import event, text

from benchmarks.measure import ask_many, resident_megabytes, running
from bot.domain import MessageRef, SlackQuestion
from bot.ledger import Outcome, State, open_ledger
from bot.ledger.storage.sqlite import SqliteTransactions
from rag.backends.embedding import BUNDLED, BUNDLED_DIM
from rag.backends.milvus import open_milvus
from rag.backends.milvus_build import building
from rag.domain import EmbeddedPassage, Passage
from rag.errors import UnreachableError
from rag.text.subvectors import pack
from rag.text.terms import query_vector, terms
from tests.standins.milvus import running_server
from tests.standins.model import ModelStandIn, Reply
from tests.standins.postgres import find_binaries, running_postgres
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from bot.ledger import Entry, Ledger
    from bot.ledger.storage.postgresql import PostgresTransactions

ROWS = 1_000_000
FILLED_AT_ONCE = 20_000
PEOPLE, CHANNELS = 5_000, 200
PASSAGES = (2_700, 10_000, 100_000)
QUESTIONS = (100, 1_000, 10_000)
TIMES = 50
"""How often each thing is done for its percentiles."""
CANDIDATES = 50
AT_ONCE = 1_000
WORDS = 4_000
WORDS_A_PASSAGE = 120
NO_TOKEN = ""
FILL = """
INSERT INTO questions (team, channel, ts, thread_ts, "user", way, text, state, reason, owner, lease_until, attempts,
    tries, accepted_at, begun_at, ended_at, posted, kind)
SELECT 'T', 'C' || (i % {channels}), CAST({since} + i * 7 AS INTEGER) || '.' || (100000 + i % 900000),
    CAST({since} + i * 7 AS INTEGER) || '.' || (100000 + i % 900000), 'U' || (i * 13 % {people}), 'mention',
    'How do I compact segment ' || i || '?', 'answered', '', 'gone/1/x', 0, 1, 1, {since} + i * 7, {since} + i * 7,
    {since} + i * 7 + 3, '{{"0"\\: "1.1"}}', 'grounded'
FROM {numbers}
"""
NUMBERS = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT {first} UNION SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n)",
    "postgresql": "generate_series({first}, {last}) AS n(i)",
}


def measure_ledger(out: Console) -> None:
    """Print how long each thing takes in a ledger of a million questions, and by which index it is found."""
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_measure_ledger(f"sqlite:///{name}/ledger.sqlite3", out))
    if binaries := find_binaries():
        with running_postgres(binaries) as server:
            asyncio.run(_measure_ledger(server.url, out))


async def _measure_ledger(url: str, out: Console) -> None:
    async with open_ledger(url) as ledger:
        dialect = ledger.database.dialect
        since = time.time() - 7.0 * ROWS
        begun = time.monotonic()
        for first in range(1, ROWS, FILLED_AT_ONCE):
            numbers = NUMBERS[dialect].format(first=first, last=first + FILLED_AT_ONCE - 1)
            await ledger.database.changed(
                text(FILL.format(channels=CHANNELS, people=PEOPLE, since=since, numbers=numbers))
            )
        if dialect == "postgresql":  # as its autovacuum does by itself
            await ledger.database.changed(text("ANALYZE"))
        out.print(f"{dialect}: {ROWS:,} questions made in {time.monotonic() - begun:.0f} s")
        table = Table("", "p50, ms", "p95", "max", "found by", box=None)
        for what, act in _acts(ledger).items():
            with _statements(ledger) as seen:
                times = [await _timed(act, number) for number in range(TIMES)]
            plans = [await _plan(ledger, statement, values) for statement, values in dict(seen).items()]
            p50, p95 = np.percentile(times, [50, 95])
            table.add_row(what, f"{p50:.1f}", f"{p95:.1f}", f"{max(times):.1f}", "; ".join(filter(None, plans)))
        out.print(table)


def _acts(ledger: Ledger) -> dict[str, Callable[[int], Awaitable[object]]]:
    """Return what is measured, by its name."""
    open_ones: list[Entry] = []

    async def accept(number: int) -> None:
        question = SlackQuestion(
            team="T",
            channel="C1",
            ts=f"{time.time():.6f}",
            thread_ts=f"{time.time():.6f}",
            user="U1",
            text=f"How do I compact? {number}",
            origin="mention",
        )
        if entry := await ledger.questions.accept(question):
            open_ones.append(entry)

    async def start_attempt(number: int) -> None:
        open_ones[number] = await ledger.questions.start_attempt(open_ones[number])

    async def finish(number: int) -> None:
        await ledger.questions.finish(replace(open_ones[number], posted={0: "1.2"}), State.ANSWERED)

    return {
        "claim": accept,
        "limits: asked in the last minute": lambda n: ledger.usage.count_in_last_minute(open_ones[n]),
        "begin": start_attempt,
        "keep the answer": lambda n: ledger.questions.record_answer(open_ones[n], [], Outcome(kind="grounded")),
        "renew 50 leases": lambda _: ledger.questions.renew_leases([one.id for one in open_ones[:50]]),
        "take over": lambda _: ledger.questions.reclaim(),
        "finish": finish,
        "home tab: someone's last questions": lambda n: ledger.usage.recent(f"U{n}", limit=5),
        "is this thread ours": lambda n: ledger.threads.has_joined(open_ones[n].question.thread),
        "rest of a post": lambda n: ledger.questions.is_rest(open_ones[n].question),
        "feedback": lambda n: ledger.feedback.record(open_ones[n].question.ref, user="U1", liked=True),
        "known at all": lambda n: ledger.questions.exists(MessageRef("T", "C1", f"{n}.1")),
        "clean-ups left by others": lambda _: ledger.deletion.claim_cleanups(),
        "forget what is older than 90 days": lambda _: ledger.deletion.forget_older_than(90),
        "busiest channels, after an outage": lambda _: ledger.threads.busiest_channels("T"),
        "latest threads, after an outage": lambda _: ledger.threads.latest("T"),
    }


async def _timed(act: Callable[[int], Awaitable[object]], number: int) -> float:
    begun = time.perf_counter()
    await act(number)
    return 1_000 * (time.perf_counter() - begun)


@contextmanager
def _statements(ledger: Ledger) -> Iterator[list[tuple[str, Any]]]:
    """Note the statements that run, with their values."""
    transactions = cast("SqliteTransactions | PostgresTransactions", ledger.database.transactions)
    engine = transactions.engine if isinstance(transactions, SqliteTransactions) else transactions.engine.sync_engine
    seen: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def _plan(ledger: Ledger, statement: str, values: Any) -> str:
    """Return how the database finds what a statement is about."""
    explain = "EXPLAIN QUERY PLAN" if ledger.database.dialect == "sqlite" else "EXPLAIN"
    rows = await ledger.database.run(
        lambda connection: connection.exec_driver_sql(f"{explain} {statement}", values).all()
    )
    lines = [str(row[-1]).strip() for row in rows]
    return ", ".join(line.split("(")[0].strip() for line in lines if "SCAN" in line.upper() or "SEARCH" in line)


def measure_passages(out: Console) -> None:
    """Print what a search takes in collections of different sizes, here and in a server of its own."""
    for rows in PASSAGES:
        table = Table("passages", "where", "dense p50 / p95, ms", "sparse p50 / p95", "both, for 10", "MB", box=None)
        with tempfile.TemporaryDirectory() as name:
            _build(f"{name}/milvus.db", rows)
            table.add_row(f"{rows:,}", "in the process", *_search_times(f"{name}/milvus.db"), "")
        with tempfile.TemporaryDirectory() as name, running_server(Path(name)) as (uri, process):
            _build(uri, rows)
            times = _search_times(uri)
            table.add_row("", "milvus-lite server", *times, f"{resident_megabytes(process.pid):.0f}")
        out.print(table)


def _build(uri: str, rows: int) -> None:
    random = np.random.default_rng(7)
    with (
        open_milvus(uri=uri, token=NO_TOKEN, alias="growth") as store,
        building(store, embedding=BUNDLED, dim=BUNDLED_DIM) as build,
    ):
        for start in range(0, rows, AT_ONCE):
            build.insert([_passage(number, random) for number in range(start, min(start + AT_ONCE, rows))])


def _passage(number: int, random: np.random.Generator) -> EmbeddedPassage:
    words = " ".join(f"word{n}" for n in random.zipf(1.3, WORDS_A_PASSAGE) % WORDS)
    passage = Passage(
        id=f"{number:08}", source="s", path=f"{number}.md", title="t", headings=("h",), url="", version="", text=words
    )
    vectors = random.normal(size=(4, BUNDLED_DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return EmbeddedPassage(passage=passage, vector=vectors[0], subvectors=pack([*vectors[1:]]))


def _search_times(uri: str) -> tuple[str, str, str]:
    random = np.random.default_rng(8)
    with open_milvus(uri=uri, token=NO_TOKEN, alias="growth") as store:
        store.client.load_collection(store.live() or "")
        vectors = list(random.normal(size=(TIMES, BUNDLED_DIM)).astype(np.float32))
        worded = [
            query_vector(dict.fromkeys(terms(f"word{n + 100} word{n + 400} word{n + 900}"), 3.0)) for n in range(TIMES)
        ]
        dense = [_took(store.search_dense, [vector]) for vector in vectors]
        sparse = [_took(store.search_sparse, [vector]) for vector in worded]
        ten = [
            _took(store.search_dense, vectors[n : n + 10]) + _took(store.search_sparse, worded[n : n + 10])
            for n in range(0, TIMES, 10)
        ]
    return _percentiles(dense), _percentiles(sparse), f"{np.median(ten):.0f}"


def _took(search: Callable[..., object], vectors: list[Any]) -> float:
    begun = time.perf_counter()
    with suppress(UnreachableError):  # not within SEARCH_TIMEOUT_S: the time says so
        search(vectors, limit=CANDIDATES)
    return 1_000 * (time.perf_counter() - begun)


def _percentiles(times: list[float]) -> str:
    return " / ".join(f"{value:.0f}" for value in np.percentile(times[5:], [50, 95]))


def measure_questions(out: Console) -> None:
    """Print how the bot does after more and more questions, the model's time at zero."""
    table = Table("questions", "answers/s", "p95, ms", "MB", "ledger, MB", box=None)
    with tempfile.TemporaryDirectory() as name, SlackStandIn() as slack, ModelStandIn() as model:
        model.choose = lambda: Reply("Milvus keeps what is inserted in object storage [1].")
        channel, answered = slack.join("C0MANY"), 0
        with running(slack, model, Path(name), "-m", "bot") as process:
            for goal in QUESTIONS:
                begun, seen = time.monotonic(), len(slack.calls)
                ask_many(slack, channel, goal - answered)
                rate = (goal - answered) / (time.monotonic() - begun)
                answered, late = goal, _p95(slack, seen)
                ledger_mb = sum(file.stat().st_size for file in Path(name).glob("*.sqlite3*")) / 1e6
                table.add_row(
                    f"{goal:,}",
                    f"{rate:.1f}",
                    f"{late:.0f}",
                    f"{resident_megabytes(process.pid):.0f}",
                    f"{ledger_mb:.0f}",
                )
    out.print(table)


def _p95(slack: SlackStandIn, seen: int) -> float:
    sent = {e.payload["event"]["ts"]: e.sent_at for e in slack.envelopes if e.payload.get("event", {}).get("ts")}
    done = [
        1_000 * (call.at - sent[question])
        for call in slack.calls[seen:]
        if (question := str((call.arguments.get("metadata") or {}).get("event_payload", {}).get("question"))) in sent
    ]
    return float(np.percentile(done, 95)) if done else 0.0


PARTS = {"ledger": measure_ledger, "passages": measure_passages, "questions": measure_questions}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    out = Console(highlight=False, width=170)
    for part in parser.parse_args().parts:
        PARTS[part](out)


if __name__ == "__main__":
    main()
