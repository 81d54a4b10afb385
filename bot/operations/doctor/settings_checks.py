"""Settings: names that are none of ours, values that can't work, files that others can read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from rapidfuzz import fuzz, process

from bot.operations.doctor.finding import Finding, fail, ok, warn
from rag.settings import ENV_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rag.settings import EnvironmentSettings

ALIKE, VERY_ALIKE = 80, 90
"""How like one of ours, of 100, a name is that is taken for a misspelling: in .env, and among others' names."""
OF_COMPOSE = (
    *("COMPOSE_", "ETCD_USE_EMBED", "MILVUS_STORAGE", "MILVUSFAQ_IMAGE", "MINIO_PASSWORD", "POSTGRES_PASSWORD"),
)
"""What compose.yaml reads from .env."""
OF_OTHERS = (
    "OTEL_",
    "SSL_",
    "HTTP",
    "NO_PROXY",
    "ALL_PROXY",
    "PORT",
    "PYTHON",
    "TZ",
    "LANG",
    "DATABASE_URI",
    "LOGLEVEL",
    *OF_COMPOSE,
)
"""How names begin that others read from the same places."""
OTHERS_MAY_READ = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSettings:
    """What stands in the environment and in .env; `known` are the names of ours."""

    known: frozenset[str]
    environment: Mapping[str, str]
    file: Mapping[str, str | None]
    path: Path


def written_settings(kinds: Iterable[type[EnvironmentSettings]]) -> WrittenSettings:
    """Return what stands in the environment and in .env, whatever it is; one that is not UTF-8 says nothing here."""
    path = Path(ENV_FILE)
    known = frozenset(name.upper() for kind in kinds for name in kind.model_fields)
    try:
        file = dotenv_values(path)
    except UnicodeDecodeError:  # whoever reads the settings says so
        file = {}
    return WrittenSettings(known=known, environment=os.environ, file=file, path=path)


def check_names(written: WrittenSettings) -> Iterator[Finding]:
    """Yield what is misspelt, in .env whatever is no setting, in the environment what is like one of ours."""
    unknown = [name for name in written.file if name.upper() not in written.known and not name.startswith(OF_OTHERS)]
    odd = [_odd(f"{written.path.name}: {name}", name, written.known) for name in unknown]
    for name in written.environment:
        is_ours = name.upper() in written.known or name in written.file or name.startswith(OF_OTHERS)
        nearest = "" if is_ours else _nearest(name, written.known, least=VERY_ALIKE)
        if nearest and nearest not in written.environment and nearest not in written.file:
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
        yield fail(name, why, "See .env.example, and the table in the README.")


def _odd(what: str, name: str, known: frozenset[str]) -> Finding:
    nearest = _nearest(name, known)
    do = f"Did you mean {nearest}?" if nearest else "Take it out, or see .env.example for the name."
    return warn(what, "is no setting, and has no effect", do)


def _nearest(name: str, known: frozenset[str], *, least: int = ALIKE) -> str:
    found = process.extractOne(name.upper(), known, scorer=fuzz.ratio, score_cutoff=least)
    return found[0] if found else ""
