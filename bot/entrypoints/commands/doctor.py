"""`milvusfaq doctor`: the settings are read one class at a time, so that one mistake hides no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from bot.entrypoints.logs import RedactingFormatter, hide
from bot.entrypoints.traces import collector, wanted_exporter
from bot.operations.doctor.examination import Examination
from bot.operations.doctor.finding import fail
from bot.operations.doctor.machine_checks import check_collector
from bot.operations.doctor.settings_checks import written_settings
from bot.settings import OperationsSettings, SlackSettings, explain_validation_error, secrets_of
from rag import SettingsError
from rag.settings import EnvironmentSettings, RagSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

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
        written=written_settings((SlackSettings, RagSettings, OperationsSettings)),
        problems=problems,
        slack=slack,
        rag=rag,
        operations=operations,
    )
    found = []
    async for finding in _all(examination):
        clean = _clean(finding, formatter)
        found.append(clean)
        tell(clean)
    return found


async def _all(examination: Examination) -> AsyncIterator[Finding]:
    async for finding in examination.run():
        yield finding
    try:
        exporter = wanted_exporter()
    except SettingsError as error:
        yield fail("traces", error.message, error.hint)
        return
    if exporter == "otlp":
        yield await check_collector(collector())


def _read(kind: type[S], problems: list[str]) -> S | None:
    try:
        return kind()
    except ValidationError as error:
        problems += explain_validation_error(error).split("; ")
        bad = {str(one["loc"][0]) for one in error.errors(include_input=False)}
        return kind(**{name: kind.model_fields[name].get_default() for name in bad})  # the rest can be looked at
    except SettingsError as error:
        problems.append(f"settings: {error}")
    return None


def _clean(finding: Finding, formatter: RedactingFormatter) -> Finding:
    what, told, do = map(formatter.clean, (finding.what, finding.told, finding.do))
    return replace(finding, what=what, told=told, do=do)
