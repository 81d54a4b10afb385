"""Settings: names that are none of ours, values that can't work, files that others can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from bot.operations.doctor.finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

ALIKE = 80
"""How like one of ours, of 100, a name is that is taken for a misspelling."""
OF_OTHERS = ("OTEL_", "SSL_", "HTTP", "NO_PROXY", "ALL_PROXY", "PORT", "PYTHON", "TZ", "LANG")
"""How names begin that others read from the same places."""
OTHERS_MAY_READ = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSettings:
    """What stands in the environment and in .env; `known` are the names of ours."""

    known: frozenset[str]
    environment: Mapping[str, str]
    file: Mapping[str, str | None]
    path: Path


def check_names(written: WrittenSettings) -> Iterator[Finding]:
    """Yield what is misspelt, in .env whatever is no setting, in the environment what is like one of ours."""
    unknown = [name for name in written.file if name.upper() not in written.known and not name.startswith(OF_OTHERS)]
    odd = [_odd(f"{written.path.name}: {name}", name, written.known) for name in unknown]
    for name in written.environment:
        is_ours = name.upper() in written.known or name in written.file or name.startswith(OF_OTHERS)
        if not is_ours and _nearest(name, written.known):
            odd.append(_odd(name, name, written.known))
    yield from odd
    if not odd:
        number = len({name.upper() for name in (*written.file, *written.environment)} & written.known)
        yield ok("settings", f"{number} set, all of them known")


def check_file(path: Path) -> Iterator[Finding]:
    """Yield whether others on this machine can read what holds the tokens."""
    if not path.is_file():
        return
    if path.stat().st_mode & OTHERS_MAY_READ:
        yield warn(path.name, "other users of this machine can read it", f"Run: chmod 600 {path.name}")
    else:
        yield ok(path.name, "its owner alone can read it")


def invalid_settings(problems: Iterable[str]) -> Iterator[Finding]:
    """Yield what can't work, setting by setting."""
    for problem in problems:
        name, _, why = problem.partition(": ")
        yield fail(name, why.removeprefix("Value error, "), "See .env.example, and the table in the README.")


def _odd(what: str, name: str, known: frozenset[str]) -> Finding:
    nearest = _nearest(name, known)
    do = f"Did you mean {nearest}?" if nearest else "Take it out, or see .env.example for the name."
    return warn(what, "is no setting, and has no effect", do)


def _nearest(name: str, known: frozenset[str]) -> str:
    found = process.extractOne(name.upper(), known, scorer=fuzz.ratio, score_cutoff=ALIKE)
    return found[0] if found else ""
