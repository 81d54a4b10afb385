"""The bot, timed beside a plain Bolt echo app and the bare model's stream, in one run.

    make bench                  # as it is now
    make bench AGAINST=REV      # beside another commit: see against.py

All three speak to the same stand-ins, on this machine. The model streams 50 tokens a second, 60 of them. Times count
from the envelope. Then the model takes no time, and thousands of questions show the throughput and what
memory they leave.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from rag.backends.chat_endpoint import Capabilities
from rag.backends.openai_compatible import OpenAIChatModel, make_chat_client
from tests.e2e.bot_process import PROJECT, environment, settings_for
from tests.standins import model as model_standin
from tests.standins.model import ModelStandIn, Reply
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.standins.slack import Call

ECHO = str(Path(__file__).with_name("echo_bot.py"))
AT_ONCE = {1: 20, 10: 5, 50: 3}
"""How many questions are asked at the same moment, and how often."""
TOKENS_PER_S = 50
REPLY = Reply("Milvus keeps what is inserted in object storage [1]. " * 7, words_per_s=TOKENS_PER_S)
LONG_REPLY = Reply(Path(__file__).with_name("reply.md").read_text(encoding="utf-8"), words_per_s=4 * TOKENS_PER_S)
"""200 different words with marks, a list and code, which costs more to read and to show than one sentence again."""
IN_FLIGHT = 32
FEW = 100
AT_REST_S = 3.0
TOPICS = ("data", "metadata", "an index", "a vector", "a segment", "a log", "a collection", "a schema", "a partition")

Times = dict[str, list[float]]
SHOWN_BY = {
    "assistant.threads.setStatus": ("status",),
    "chat.startStream": ("first text",),
    "chat.stopStream": ("answer",),
    "chat.postMessage": ("first text", "answer"),
}
"""What the asker sees by each call, whichever comes first."""


SCRAPED_EVERY_S = 1.0


class Tree(NamedTuple):
    """A folder with the project's files, and a Python with the packages that they need.

    A bot of one with an operations port has its metrics read every second; 0 is none.
    """

    folder: Path
    python: str
    operations_port: int = 0


OURS = Tree(PROJECT, sys.executable)


@contextmanager
def running(
    slack: SlackStandIn,
    model: ModelStandIn | None,
    folder: Path,
    *command: str,
    tree: Tree = OURS,
    pace: str = "1000",
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a bot of the project that lies in a tree, by default this one, until the block ends."""
    settings = {**settings_for(slack, model, folder), "PYTHONPATH": str(tree.folder), "SLACK_PACE": pace}
    if tree.operations_port:
        settings["OPERATIONS_PORT"] = str(tree.operations_port)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [tree.python, *command], cwd=folder, env=environment(**settings), stdout=log, stderr=log
        )
        try:
            slack.wait_until_connected()
            with _scraped(tree.operations_port):
                yield process
        finally:
            process.terminate()
            process.wait(30)
            slack.wait_for(lambda: not slack.connected(), "the sockets' end")


@contextmanager
def _scraped(port: int) -> Iterator[None]:
    """Read a bot's metrics every second, as a Prometheus would, until the block ends; port 0 is none."""
    ended = threading.Event()

    def scrape() -> None:
        while port and not ended.wait(SCRAPED_EVERY_S):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
                response.read()

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def time_bot(slack: SlackStandIn, at_once: int, *, rounds: int = 0) -> Times:
    """Return the milliseconds from envelope to ack, status and answer, of every question."""
    times: Times = {"ack": [], "status": [], "first text": [], "answer": []}
    channel = slack.join("C0BENCH")
    for _ in range(rounds or AT_ONCE[at_once]):
        first_call, first_envelope = len(slack.calls), len(slack.envelopes)
        stamps = [slack.mention(channel, f"How is {topic_of(number)} stored in Milvus?") for number in range(at_once)]
        for ts in stamps:
            slack.wait_for_replies(channel, ts)
        mentions = [e for e in slack.envelopes[first_envelope:] if e.payload["event"]["type"] == "app_mention"]
        sent = {envelope.payload["event"]["ts"]: envelope.sent_at for envelope in mentions}
        for envelope in mentions:
            slack.wait_for_ack(envelope)
            times["ack"].append(1_000 * ((envelope.acked_at or 0.0) - envelope.sent_at))
        seen: dict[tuple[str, str], float] = {}
        for call in slack.calls[first_call:]:
            for name in SHOWN_BY.get(call.method, ()):
                ts = question_of(call)
                if ts in sent:  # a status of the question before may come late
                    seen.setdefault((name, ts), 1_000 * (call.at - sent[ts]))
        for (name, _), milliseconds in seen.items():
            times[name].append(milliseconds)
    return times


def question_of(call: Call) -> str:
    """Return the ts of the question that a call is about; "" where it does not say so, as the close of a stream."""
    metadata = call.arguments.get("metadata") or {}
    return str(call.arguments.get("thread_ts") or metadata.get("event_payload", {}).get("question") or "")


def topic_of(number: int) -> str:
    """Return something to ask about."""
    return f"{TOPICS[number % len(TOPICS)]} ({number})"


async def time_stream(model: ModelStandIn, at_once: int, *, rounds: int = 0) -> Times:
    """Return the milliseconds of the bare stream, read by the client that the bot uses too."""
    times: Times = {"first token": [], "answer": []}

    async def one(bare: OpenAIChatModel) -> None:
        begun, first = time.perf_counter(), 0.0
        async for _ in bare.stream("instructions", "message"):
            first = first or time.perf_counter()
        times["first token"].append(1_000 * (first - begun))
        times["answer"].append(1_000 * (time.perf_counter() - begun))

    client = make_chat_client(base_url=model.base_url, api_key=model_standin.TOKEN, timeout_s=60, max_retries=0)
    async with client:
        bare = OpenAIChatModel(
            client=client,
            model="m",
            temperature=0.1,
            begins_within_s=60,
            silence_s=60,
            capabilities=Capabilities(max_tokens=1_024),
        )
        for _ in range(rounds or AT_ONCE[at_once]):
            await asyncio.gather(*(one(bare) for _ in range(at_once)))
    return times


def compare(out: Console) -> None:
    """Print how long the bot, the echo and the bare stream take, with the bot's own share."""
    ours, echo, bare = {}, {}, {}
    with tempfile.TemporaryDirectory() as name, SlackStandIn() as slack, ModelStandIn() as model:
        folder = Path(name)
        with running(slack, model, folder, "-m", "bot"):
            pass  # the first start takes in the starter FAQ
        begun = time.monotonic()
        with running(slack, model, folder, "-m", "bot") as process:
            out.print(f"start to connected: {time.monotonic() - begun:.1f} s")
            time.sleep(AT_REST_S)
            out.print(f"memory at rest: {resident_megabytes(process.pid):.0f} MB")
            model.choose = lambda: REPLY
            time_bot(slack, 1)  # warms up
            for at_once in AT_ONCE:
                ours[at_once] = time_bot(slack, at_once)
        for at_once in AT_ONCE:
            bare[at_once] = asyncio.run(time_stream(model, at_once))
        with running(slack, model, folder, ECHO):
            time_bot(slack, 1)
            for at_once in AT_ONCE:
                echo[at_once] = time_bot(slack, at_once)
    show(out, ours, echo, bare)


def show(out: Console, ours: dict[int, Times], echo: dict[int, Times], bare: dict[int, Times]) -> None:
    """Print the times side by side, by how many were asked at once."""
    table = Table("ms, p50 / p95", *(f"{at_once} at once" for at_once in AT_ONCE), box=None)
    for who, name, times in (
        ("milvusfaq", "ack", ours),
        ("plain Bolt echo", "ack", echo),
        ("milvusfaq", "status", ours),
        ("milvusfaq", "first text", ours),
        ("bare stream", "first token", bare),
        ("milvusfaq", "answer", ours),
        ("bare stream", "answer", bare),
        ("plain Bolt echo", "answer", echo),
    ):
        table.add_row(f"{who}: {name}", *(percentiles(times[at_once][name]) for at_once in AT_ONCE))
    shares = (float(np.median(ours[n]["answer"]) - np.median(bare[n]["answer"])) for n in AT_ONCE)
    table.add_row("our own share of the answer (p50)", *(f"{share:.0f}" for share in shares))
    out.print(table)


def percentiles(values: list[float]) -> str:
    """Return p50 and p95."""
    p50, p95 = np.percentile(values, [50, 95])
    return f"{p50:.1f} / {p95:.1f}"


def endure(questions: int, out: Console) -> None:
    """Print questions a second while the model takes no time, and the memory after few and after many."""
    with tempfile.TemporaryDirectory() as name, SlackStandIn() as slack, ModelStandIn() as model:
        model.choose = lambda: Reply("Milvus keeps what is inserted in object storage [1].")
        folder = Path(name)
        channel = slack.join("C0MANY")
        with running(slack, model, folder, "-m", "bot") as process:
            ask_many(slack, channel, FEW)
            few = resident_megabytes(process.pid)
            begun = time.monotonic()
            ask_many(slack, channel, questions - FEW)
            rate = (questions - FEW) / (time.monotonic() - begun)
            many = resident_megabytes(process.pid)
        out.print(f"the model's time at zero, {IN_FLIGHT} in flight: {rate:.1f} questions/s ({os.cpu_count()} cores)")
        out.print(f"memory after {FEW} questions: {few:.0f} MB, after {questions:,}: {many:.0f} MB")


def ask_many(slack: SlackStandIn, channel: str, count: int) -> None:
    """Ask `count` questions, as many at a time as the bot works on, and wait for all answers."""
    asked = answered = 0
    seen = len(slack.calls)
    while answered < count:
        while asked < count and asked - answered < IN_FLIGHT:
            slack.mention(channel, f"How is {topic_of(asked)} stored in Milvus?")
            asked += 1
        slack.wait_for(partial(_has_more_than, slack.calls, seen), "another call")
        fresh = slack.calls[seen:]
        seen += len(fresh)
        answered += sum(call.method in {"chat.postMessage", "chat.stopStream"} for call in fresh)


def _has_more_than(calls: list[Call], seen: int) -> bool:
    return len(calls) > seen


def resident_megabytes(process_id: int) -> float:
    """Return a process' resident memory (Linux)."""
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1_024 for line in lines if line.startswith("VmRSS"))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000, help="how many to ask while the model takes no time")
    options = parser.parse_args()
    out = Console(highlight=False, width=120)
    compare(out)
    endure(options.questions, out)


if __name__ == "__main__":
    main()
