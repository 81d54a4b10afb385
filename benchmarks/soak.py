"""Ask two bots for minutes while everything they stand on fails by turns, and count what came of it.

    make soak

Loopback only. Options: --questions, --rate (a second), --fault-every (seconds), --ledger sqlite|postgresql, --seed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.e2e.soaking import Plan, run_soak
from tests.standins.postgres import find_binaries

if TYPE_CHECKING:
    from tests.e2e.soak_report import Report


def main() -> None:
    """Print the tables; end with 1 when a question was lost or answered twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=2_000)
    parser.add_argument("--rate", type=float, default=7.5)
    parser.add_argument("--fault-every", type=float, default=4.0)
    parser.add_argument("--ledger", choices=["sqlite", "postgresql"])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where to leave the bots' logs")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        folder.mkdir(exist_ok=True)
        plan = Plan(
            questions=options.questions,
            rate=options.rate,
            fault_every_s=options.fault_every,
            ledger=options.ledger or ("postgresql" if find_binaries() else "sqlite"),
            seed=options.seed,
        )
        report = run_soak(folder, plan)
    show(report, Console(highlight=False, width=120))
    if report.lost or report.doubled or report.left_hanging or report.orphaned:
        raise SystemExit(1)


def show(report: Report, out: Console) -> None:
    """Print what became of the questions, and how long each kind of fault was felt."""
    out.print(
        f"{report.asked} questions in {report.took_s:.0f} s, two bots, ledger {report.ledger}, "
        f"{sum(map(len, report.heal_s.values()))} faults"
    )
    counts = Table("what became of them", "questions", box=None)
    for name, number in (
        ("asked", report.asked),
        ("answered once", report.answered_once),
        ("  of these with the passages alone", report.by_passages),
        ("  of these with an apology", report.apologies),
        ("  of these taken over from a bot that had ended", report.taken_over),
        ("answered twice", report.doubled),
        ("lost", report.lost),
        ("  of these never acknowledged, until Slack gave up", report.unheard),
        ("left hanging: open in the ledger, or a notice without its answer", report.left_hanging),
        ("streams begun", report.streamed),
        ("  of these orphaned: open, or cut short", report.orphaned),
        ("commands that Slack itself told their senders had failed", report.not_taken),
    ):
        counts.add_row(name, str(number))
    out.print(counts)
    p50, p95, p99 = np.percentile(report.answer_s, [50, 95, 99])
    out.print(f"question to answer: p50 {p50:.1f} s, p95 {p95:.1f} s, p99 {p99:.1f} s, max {report.answer_s[-1]:.1f} s")
    faults = Table("fault", "times", "healed after, median s", "longest, s", box=None)
    for kind, seconds in sorted(report.heal_s.items()):
        faults.add_row(kind, str(len(seconds)), f"{median(seconds):.1f}", f"{max(seconds):.1f}")
    out.print(faults)
    out.print(f"ledger: {report.states}")


if __name__ == "__main__":
    main()
