"""`milvusfaq start`: settings are read and checked before anything that takes time is imported."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from pydantic import ValidationError

from bot.entrypoints.logs import RedactingFormatter, hide, set_up_logs
from bot.entrypoints.signals import end_at_once
from bot.settings import OWNER_ONLY, SlackSettings, explain_validation_error, secrets_of
from rag import SettingsError
from rag.settings import RagSettings

logger = logging.getLogger(__name__)


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


def _checked_settings(formatter: RedactingFormatter) -> tuple[SlackSettings, RagSettings]:
    try:
        slack, rag = SlackSettings(), RagSettings()
        hide(formatter, secrets_of(slack, rag))
        for package in ("bot", "rag"):  # the libraries' own debugging would show what people write
            logging.getLogger(package).setLevel(slack.log_level)
        slack.check_tokens()
    except SettingsError as error:
        sys.exit(formatter.clean(f"milvusfaq: {error}"))
    except ValidationError as error:
        sys.exit(formatter.clean(f"milvusfaq: {explain_validation_error(error)}"))
    return slack, rag


def _serve(slack: SlackSettings, rag: RagSettings, formatter: RedactingFormatter) -> None:
    from bot.entrypoints.process import EXPECTED, serve

    try:
        asyncio.run(serve(slack, rag))
    except EXPECTED as error:
        sys.exit(formatter.clean(f"milvusfaq: {error}"))
