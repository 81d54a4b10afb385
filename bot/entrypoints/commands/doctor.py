"""`milvusfaq doctor`: the settings are read one class at a time, so that one mistake hides no other."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dotenv import dotenv_values
from pydantic import ValidationError

from bot.entrypoints.logs import RedactingFormatter, hide
from bot.operations.doctor.examination import Examination
from bot.operations.doctor.settings_checks import WrittenSettings
from bot.settings import OperationsSettings, SlackSettings, explain_validation_error, secrets_of
from rag import SettingsError
from rag.settings import ENV_FILE, EnvironmentSettings, RagSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.operations.doctor.finding import Finding

S = TypeVar("S", bound=EnvironmentSettings)


async def examine(tell: Callable[[Finding], None]) -> list[Finding]:
    """Look at everything, and tell each finding as it is found, without secrets; return all of them."""
    problems: list[str] = []
    slack, rag = _read(SlackSettings, problems), _read(RagSettings, problems)
    operations = _read(OperationsSettings, problems)
    formatter = RedactingFormatter("")
    hide(formatter, secrets_of(*filter(None, (slack, rag, operations))))
    examination = Examination(
        written=_written(),
        problems=problems,
        slack=slack,
        rag=rag,
        operations=operations,
    )
    found = []
    async for finding in examination.run():
        clean = _clean(finding, formatter)
        found.append(clean)
        tell(clean)
    return found


def _read(kind: type[S], problems: list[str]) -> S | None:
    try:
        return kind()
    except ValidationError as error:
        problems += explain_validation_error(error).split("; ")
    except SettingsError as error:
        problems.append(f"settings: {error}")
    return None


def _written() -> WrittenSettings:
    path = Path(ENV_FILE)
    try:
        file = dotenv_values(path)
    except UnicodeDecodeError:
        file = {}  # the settings say so
    known = {name.upper() for kind in (SlackSettings, RagSettings, OperationsSettings) for name in kind.model_fields}
    return WrittenSettings(known=frozenset(known), environment=os.environ, file=file, path=path)


def _clean(finding: Finding, formatter: RedactingFormatter) -> Finding:
    what, told, do = map(formatter.clean, (finding.what, finding.told, finding.do))
    return replace(finding, what=what, told=told, do=do)
