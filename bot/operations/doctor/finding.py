"""A finding: what was looked at, how it does, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["ok", "warn", "fail"]
EXIT_CODES: dict[Grade, int] = {"ok": 0, "warn": 1, "fail": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: `what` was looked at, how it does, and what to `do` about it ("" where there is nothing to do)."""

    what: str
    grade: Grade
    told: str
    do: str = ""


def ok(what: str, told: str) -> Finding:
    """Return that something is well."""
    return Finding(what=what, grade="ok", told=told)


def warn(what: str, told: str, do: str) -> Finding:
    """Return that the bot works, and something works less well."""
    return Finding(what=what, grade="warn", told=told, do=do)


def fail(what: str, told: str, do: str) -> Finding:
    """Return that questions are not answered, or can't be found again."""
    return Finding(what=what, grade="fail", told=told, do=do)


def exit_code(findings: list[Finding]) -> int:
    """Return 0 where all is well, 1 where something is to be looked at, 2 where something does not work."""
    return max((EXIT_CODES[one.grade] for one in findings), default=0)


def span_of(seconds: float) -> str:
    """Return a time as a reader says it: minutes, hours, or days."""
    for unit, name in ((86_400.0, "days"), (3_600.0, "hours")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds / 60:.0f} minutes"
