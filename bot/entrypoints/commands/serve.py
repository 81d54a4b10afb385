"""`milvusfaq start`: settings are read and checked before anything that takes time is imported."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import NoReturn

from pydantic import ValidationError

from bot.entrypoints.logs import JsonFormatter, RedactingFormatter, hide, set_up_logs, write_json
from bot.entrypoints.signals import end_at_once
from bot.entrypoints.traces import set_up_traces
from bot.operations.doctor.settings_checks import check_names, written_settings
from bot.settings import OWNER_ONLY, OperationsSettings, SlackSettings, explain_validation_error, secrets_of
from rag import SettingsError
from rag.settings import EnvironmentSettings, RagSettings

logger = logging.getLogger(__name__)
OURS = (SlackSettings, RagSettings, OperationsSettings)


def run() -> None:
    """Run until stopped; what can't work ends it at once, with exit code 1 and the line that says what to do."""
    end_at_once()
    formatter = set_up_logs(logging.INFO, "%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.umask(OWNER_ONLY)  # what is written here, questions above all, is for the owner alone
    try:
        _serve(*_checked_settings(formatter), formatter)
    except asyncio.CancelledError:
        logger.info("Stopped before the start was done.")
    except Exception:
        logger.critical("The bot ends: a mistake of its own.", exc_info=True)  # the formatter cleans the traceback
        sys.exit(1)


def _checked_settings(formatter: RedactingFormatter) -> tuple[SlackSettings, RagSettings, OperationsSettings]:
    problems = [problem for kind in OURS if (problem := _problem(kind))]
    if problems:
        _end("; ".join(problems), formatter)
    slack, rag, operations = SlackSettings(), RagSettings(), OperationsSettings()
    try:
        hide(formatter, secrets_of(slack, rag))
        if operations.log_format == "json":
            write_json(formatter)
        for package in ("bot", "rag"):  # the libraries' own debugging would show what people write
            logging.getLogger(package).setLevel(slack.log_level)
        slack.check_tokens()
        set_up_traces()
    except SettingsError as error:
        _end(str(error), formatter)
    for finding in check_names(written_settings(OURS)):
        if finding.grade != "ok":
            logger.warning("%s %s. %s", finding.what, finding.told, finding.do)
    return slack, rag, operations


def _problem(kind: type[EnvironmentSettings]) -> str:
    """Return what can't work of these settings, "" where all of them can."""
    try:
        kind()
    except ValidationError as error:
        return explain_validation_error(error)
    except SettingsError as error:
        return str(error)
    return ""


def _serve(
    slack: SlackSettings, rag: RagSettings, operations: OperationsSettings, formatter: RedactingFormatter
) -> None:
    from bot.entrypoints.process import EXPECTED, serve

    try:
        asyncio.run(serve(slack, rag, operations))
    except EXPECTED as error:
        _end(str(error), formatter)


def _end(why: str, formatter: RedactingFormatter) -> NoReturn:
    """End with the line that says what to do; where each line is an object, that one too."""
    if any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers):
        logger.critical("%s", why)
        sys.exit(1)
    sys.exit(formatter.clean(f"milvusfaq: {why}"))
