"""This file is where the bot is timed beside a plain Bolt echo app, against the same stand-in, in one run.

    make bench

The bot answers from the starter FAQ without a language model, so the model's time is left out.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.e2e.bot_process import environment, settings_for
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTIONS = 60
QUESTION = "How is data stored in milvus?"
AT_REST_S = 3.0


@contextmanager
def running(slack: SlackStandIn, folder: Path, *command: str) -> Iterator[tuple[float, int]]:
    """Run a bot; give the seconds until it was connected, and its process id."""
    begun = time.monotonic()
    settings = settings_for(slack, None, folder)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env=environment(**settings), stdout=log, stderr=log
        )
        try:
            slack.wait_until_connected()
            yield time.monotonic() - begun, process.pid
        finally:
            process.terminate()
            process.wait(20)
            slack.wait_for(lambda: not slack.connected(), "the socket's end")


def measure(*command: str, again: bool) -> dict[str, float]:
    """Return start, p50 and p95 of ack and answer in milliseconds, and memory at rest in MB."""
    with tempfile.TemporaryDirectory() as name, SlackStandIn() as slack:
        folder = Path(name)
        if again:  # the first start takes in the starter FAQ; a start like any other is timed
            with running(slack, folder, *command):
                pass
        with running(slack, folder, *command) as (start, process_id):
            time.sleep(AT_REST_S)
            memory = resident_megabytes(process_id)
            acks, answers = zip(*(ask(slack, f"C{n}") for n in range(QUESTIONS)), strict=True)
    return {
        "start, s": start,
        "ack p50, ms": statistics.median(acks),
        "ack p95, ms": statistics.quantiles(acks, n=20)[-1],
        "answer p50, ms": statistics.median(answers),
        "answer p95, ms": statistics.quantiles(answers, n=20)[-1],
        "memory at rest, MB": memory,
    }


def ask(slack: SlackStandIn, channel: str) -> tuple[float, float]:
    """Return milliseconds from envelope to ack and to the posted answer."""
    slack.join(channel)
    first = len(slack.envelopes)
    begun = time.monotonic()
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    answered = time.monotonic() - begun
    acked = slack.wait_for_ack(slack.envelopes[first])
    return acked * 1_000, answered * 1_000


def resident_megabytes(process_id: int) -> float:
    """Return a process' resident memory (Linux)."""
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1_024 for line in lines if line.startswith("VmRSS"))


def main() -> None:
    """Print the table."""
    echo = str(Path(__file__).with_name("echo_bot.py"))
    ours, anchor = measure("-m", "bot", again=True), measure(echo, again=False)
    table = Table("", "milvusfaq", "plain Bolt echo", "ratio", box=None)
    for name, value in ours.items():
        table.add_row(name, f"{value:.1f}", f"{anchor[name]:.1f}", f"{value / anchor[name]:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
