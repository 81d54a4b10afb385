"""A short soak; `make soak` is longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.soaking import Plan, run_soak
from tests.standins.postgres import find_binaries

if TYPE_CHECKING:
    from pathlib import Path


def test_no_question_is_lost_or_answered_twice_whatever_fails(tmp_path: Path) -> None:
    ledger = "postgresql" if find_binaries() else "sqlite"
    report = run_soak(tmp_path, Plan(questions=100, rate=5, fault_every_s=1.25, ledger=ledger))
    assert len(report.heal_s) == (15 if ledger == "postgresql" else 14)  # every kind of fault
    assert (report.lost, report.doubled, report.left_hanging, report.orphaned) == (0, 0, 0, 0)
    assert report.answered_once == report.asked - report.not_taken
