"""Two commits side by side: the working tree and another revision, asked in turn, with the ratios of their times.

    make bench AGAINST=REV [SCRAPE=1]

Both bots run all the time, each with a stand-in of Slack and of the model for itself, and a plain Bolt echo beside
them. A round asks all of them the same, and every other round begins with the other one, so that what else the machine
does meets both. Then both are started a few times, and each start takes a burst at Slack's own pace. Each round gives
one ratio; the interval is the 95 % bootstrap interval of their median. With SCRAPE the working tree's metrics are read
every second meanwhile: AGAINST=HEAD tells what that costs.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.measure import (
    AT_REST_S,
    ECHO,
    LONG_REPLY,
    OURS,
    REPLY,
    Tree,
    ask_many,
    resident_megabytes,
    running,
    time_bot,
    time_stream,
)
from tests.e2e.bot_process import PROJECT
from tests.standins.model import ModelStandIn, Reply
from tests.standins.processes import free_port
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.measure import Times

AT_ONCE = {1: 3, 10: 1, 50: 1}
"""How many questions a round asks at the same moment, and how often."""
WITHOUT_MODEL = 150
"""Questions of a round while the model takes no time."""
AT_ONCE_REPLY = Reply("Milvus keeps what is inserted in object storage [1].")
STARTS = 4
SLACKS_PACE = "1"
RESAMPLES = 4_000

Measures = dict[str, float]


@dataclass(slots=True, kw_only=True)
class Side:
    """A running bot, its stand-ins, and what each round measured, by the measure's name: milliseconds, mostly."""

    slack: SlackStandIn
    model: ModelStandIn
    process_id: int
    rounds: list[Measures] = field(default_factory=list)

    def ask(self) -> None:
        """Ask a round of questions."""
        self.model.choose = lambda: REPLY
        measures: Measures = {}
        for at_once, rounds in AT_ONCE.items():
            times = time_bot(self.slack, at_once, rounds=rounds)
            bare = asyncio.run(time_stream(self.model, at_once, rounds=1))
            measures |= _of_burst(at_once, times, bare)
        self.model.choose = lambda: LONG_REPLY
        long, bare = time_bot(self.slack, 10, rounds=1), asyncio.run(time_stream(self.model, 10, rounds=1))
        measures["own share, 200 words, 10 at once"] = _p50(long["answer"]) - _p50(bare["answer"])
        self.rounds.append({**measures, **self._without_model()})

    def _without_model(self) -> Measures:
        self.model.choose = lambda: AT_ONCE_REPLY
        used, begun = processor_seconds(self.process_id), time.monotonic()
        ask_many(self.slack, self.slack.join("C0MANY"), WITHOUT_MODEL)
        took_s = time.monotonic() - begun
        used = processor_seconds(self.process_id) - used
        return {
            "processor time a question, the model's at zero": 1_000 * used / WITHOUT_MODEL,
            "time a whole answer, the model's at zero": 1_000 * took_s / WITHOUT_MODEL,
        }


def _of_burst(at_once: int, times: Times, bare: Times) -> Measures:
    measures = {
        f"own share of the answer, {at_once} at once": _p50(times["answer"]) - _p50(bare["answer"]),
        f"ack, {at_once} at once": _p50(times["ack"]),
    }
    if at_once == max(AT_ONCE):
        measures |= {
            f"first status, {at_once} at once": _p50(times["status"]),
            f"last of a burst of {at_once}": max(times["answer"]),
            f"last of a burst of {at_once}, the bare stream's": max(bare["answer"]),
        }
    return measures


def compare(revision: str, rounds: int, out: Console, *, ours: Tree) -> None:
    """Print, for each measure, both medians and the ratio of the working tree to `revision`, with its interval."""
    with ExitStack() as stack:
        trees = ours, stack.enter_context(checked_out(revision))
        with ExitStack() as bots:
            new, old = (bots.enter_context(_running_side(tree)) for tree in trees)
            echo = bots.enter_context(_running_echo())
            acks: list[Measures] = []
            for number in range(rounds + 1):
                for side in (new, old) if number % 2 else (old, new):
                    side.ask()
                acks.append({f"ack, {n} at once": _p50(time_bot(echo, n, rounds=1)["ack"]) for n in AT_ONCE})
            del new.rounds[0], old.rounds[0], acks[0]  # warm up
        starts = [[start(tree) for tree in trees] for _ in range(STARTS)]
    out.print(f"{rounds} rounds, the working tree against {revision}; a ratio below 1 is the working tree's gain")
    echoed = {name: _p50([one[name] for one in acks]) for name in acks[0]}
    _show(out, old.rounds, new.rounds, echoed)
    _show(out, [before for _, before in starts], [now for now, _ in starts], {})


def start(tree: Tree) -> Measures:
    """Start a bot anew: how soon it is connected, what it takes at rest, and a burst at Slack's own pace."""
    with tempfile.TemporaryDirectory() as name, SlackStandIn() as slack, ModelStandIn() as model:
        with running(slack, model, Path(name), "-m", "bot", tree=tree):
            pass  # the first start takes in the starter FAQ
        begun = time.monotonic()
        with running(slack, model, Path(name), "-m", "bot", tree=tree, pace=SLACKS_PACE) as process:
            connected_s = time.monotonic() - begun
            time.sleep(AT_REST_S)
            megabytes = resident_megabytes(process.pid)
            model.choose = lambda: REPLY
            at_once = max(AT_ONCE)
            times = time_bot(slack, at_once, rounds=1)
    return {
        "start to connected": 1_000 * connected_s,
        "memory at rest, MB": megabytes,
        f"first sign of life, {at_once} at once, Slack's pace": _p50(times["status"] + times["first text"]),
        f"askers of {at_once} who see a status, Slack's pace": float(len(times["status"])),
        f"last of a burst of {at_once}, Slack's pace": max(times["answer"]),
    }


def _show(out: Console, before: Sequence[Measures], now: Sequence[Measures], echoed: Measures) -> None:
    table = Table("p50, ms", "before", "now", "ratio", "95 % interval", "Bolt echo", box=None)
    for measure in now[0]:
        new, old = (np.array([one[measure] for one in rounds]) for rounds in (now, before))
        ratio, low, high = interval(new / old)
        echo = f"{echoed[measure]:.1f}" if measure in echoed else ""
        table.add_row(
            measure, f"{np.median(old):.1f}", f"{np.median(new):.1f}", f"{ratio:.2f}", f"{low:.2f}-{high:.2f}", echo
        )
    out.print(table)


@contextmanager
def checked_out(revision: str) -> Iterator[Tree]:
    """Give a folder with the files of a commit, until the block ends; where it needs others, with their packages."""
    packed = subprocess.run(["git", "archive", revision], cwd=PROJECT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as name:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(name, filter="data")
        folder = Path(name)
        wanted = _requirements(folder)
        is_same = wanted.read_bytes() == _requirements(PROJECT).read_bytes()
        yield Tree(folder, sys.executable if is_same else _with_packages(folder, wanted))


def _requirements(folder: Path) -> Path:
    """Return what tells all that a tree needs, the editable install included."""
    development = folder / "requirements-dev.txt"
    return development if development.exists() else folder / "requirements.txt"


def _with_packages(folder: Path, wanted: Path) -> str:
    """Install what a commit needs into an environment of its own; return its Python."""
    python = str(folder / ".venv" / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    pip = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "-r", wanted], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", folder], check=True)
    return python


@contextmanager
def _running_side(tree: Tree) -> Iterator[Side]:
    with tempfile.TemporaryDirectory() as name, SlackStandIn() as slack, ModelStandIn() as model:
        with running(slack, model, Path(name), "-m", "bot", tree=tree):
            pass  # the first start takes in the starter FAQ
        with running(slack, model, Path(name), "-m", "bot", tree=tree) as process:
            yield Side(slack=slack, model=model, process_id=process.pid)


@contextmanager
def _running_echo() -> Iterator[SlackStandIn]:
    with tempfile.TemporaryDirectory() as name, SlackStandIn() as slack, running(slack, None, Path(name), ECHO):
        yield slack


def processor_seconds(process_id: int) -> float:
    """Return the processor time that a process has used, in its own code and the kernel's (Linux)."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def interval(ratios: np.ndarray) -> tuple[float, float, float]:
    """Return the median of some ratios and its 95 % bootstrap interval."""
    drawn = np.random.default_rng(7).choice(ratios, size=(RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return float(np.median(ratios)), float(low), float(high)


def _p50(values: list[float]) -> float:
    return float(np.median(values))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", help="the commit that the working tree is compared with")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--scrape", action="store_true", help="read the working tree's metrics every second meanwhile")
    options = parser.parse_args()
    ours = OURS._replace(operations_port=free_port()) if options.scrape else OURS
    compare(options.revision, options.rounds, Console(highlight=False, width=140), ours=ours)


if __name__ == "__main__":
    main()
