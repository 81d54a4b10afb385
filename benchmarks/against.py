"""Two commits side by side: the working tree and another revision, asked in turn, with the ratios of their times.

    make bench AGAINST=REV

Both bots run all the time, each with a stand-in of Slack and of the model for itself. A round asks both of them the
same questions, and every other round begins with the other one, so that what else the machine does meets both. Each
round gives one ratio; the interval is the 95 % bootstrap interval of their median.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import subprocess
import tarfile
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.measure import LONG_REPLY, REPLY, running, time_bot, time_stream
from tests.e2e.bot_process import PROJECT
from tests.standins.model import ModelStandIn
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.standins.model import Reply

ONE_BY_ONE, IN_ONE_BURST = 3, 10
"""Questions of a round: so many one after the other, then so many at the same moment."""
REPLIES = {"one sentence, 7 times": REPLY, "200 words, a list, code": LONG_REPLY}
RESAMPLES = 4_000

Measures = dict[str, float]


@dataclass(slots=True, kw_only=True)
class Side:
    """A running bot, its stand-ins, and what each round measured, by the measure's name."""

    slack: SlackStandIn
    model: ModelStandIn
    process_id: int
    rounds: list[Measures] = field(default_factory=list)

    def ask(self) -> None:
        """Ask a round of questions with each reply; note p50s in milliseconds, and processor time a question."""
        measures: Measures = {}
        for name, reply in REPLIES.items():
            measures |= {f"{measure}, {name}": value for measure, value in self._ask(reply).items()}
        self.rounds.append(measures)

    def _ask(self, reply: Reply) -> Measures:
        self.model.choose = lambda: reply
        before = processor_seconds(self.process_id)
        single = time_bot(self.slack, 1, rounds=ONE_BY_ONE)
        burst = time_bot(self.slack, IN_ONE_BURST, rounds=1)
        used = processor_seconds(self.process_id) - before
        bare = asyncio.run(time_stream(self.model, 1, rounds=1))
        own = {"1": single["answer"], str(IN_ONE_BURST): burst["answer"]}
        shares = {f"own share of the answer, {n} at once": _p50(ms) - _p50(bare["answer"]) for n, ms in own.items()}
        acks = {f"ack, {n} at once": _p50(times["ack"]) for n, times in (("1", single), (str(IN_ONE_BURST), burst))}
        return {**shares, **acks, "processor time a question": 1_000 * used / (ONE_BY_ONE + IN_ONE_BURST)}


def compare(revision: str, rounds: int, out: Console) -> None:
    """Print, for each measure, both medians and the ratio of the working tree to `revision`, with its interval."""
    with ExitStack() as stack:
        other = stack.enter_context(checked_out(revision))
        new, old = (stack.enter_context(_running_side(tree)) for tree in (PROJECT, other))
        for number in range(rounds + 1):
            for side in (new, old) if number % 2 else (old, new):
                side.ask()
        for side in (new, old):
            del side.rounds[0]  # warms up
    out.print(f"{rounds} rounds, the working tree against {revision}; a ratio below 1 is the working tree's gain")
    table = Table("p50, ms", "before", "now", "ratio", "95 % interval", box=None)
    for measure in new.rounds[0]:
        now, before = (np.array([one[measure] for one in side.rounds]) for side in (new, old))
        ratio, low, high = interval(now / before)
        table.add_row(
            measure, f"{np.median(before):.1f}", f"{np.median(now):.1f}", f"{ratio:.2f}", f"{low:.2f}-{high:.2f}"
        )
    out.print(table)


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Give a folder with the files of a commit, until the block ends."""
    packed = subprocess.run(["git", "archive", revision], cwd=PROJECT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as name:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(name, filter="data")
        yield Path(name)


@contextmanager
def _running_side(tree: Path) -> Iterator[Side]:
    with tempfile.TemporaryDirectory() as name, SlackStandIn() as slack, ModelStandIn() as model:
        with running(slack, model, Path(name), "-m", "bot", tree=tree):
            pass  # the first start takes in the starter FAQ
        with running(slack, model, Path(name), "-m", "bot", tree=tree) as process:
            yield Side(slack=slack, model=model, process_id=process.pid)


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
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", help="the commit that the working tree is compared with")
    parser.add_argument("--rounds", type=int, default=16)
    options = parser.parse_args()
    compare(options.revision, options.rounds, Console(highlight=False, width=120))


if __name__ == "__main__":
    main()
