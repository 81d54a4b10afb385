"""Logging, set up once by an entry point. No secret gets into it, wherever a line comes from."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from pythonjsonlogger import json

from bot.telemetry import QUESTION_ID
from bot.text.redaction import REDACTED, redact

if TYPE_CHECKING:
    from collections.abc import Iterable


SILENCED = ("pymilvus", "milvus_lite", "faiss", "grpc", "httpx2", "huggingface_hub", "transformers", "openai")
"""Their failures reach us as exceptions and are told once, in our words."""
SHORTEST_SECRET = 6
SELDOM_S = 600.0


class RedactingFormatter(logging.Formatter):
    """Takes out of every line, traceback included, what has the form of a secret, and the secrets that it was told."""

    def __init__(self, form: str) -> None:
        super().__init__(form)
        self.secrets: list[str] = []

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its secrets."""
        return self.clean(super().format(record))

    def clean(self, line: str) -> str:
        """Return a text without its secrets."""
        for secret in self.secrets:
            line = line.replace(secret, REDACTED)
        return redact(line)


class JsonFormatter(json.JsonFormatter):
    """Writes each line as an object, with the question and the trace that it is about, and without secrets."""

    def __init__(self, redacting: RedactingFormatter) -> None:
        super().__init__(
            ["message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "traceback"},
            json_ensure_ascii=False,
        )
        self.redacting = redacting

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Put together what a line says."""
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data |= {"level": record.levelname, "logger": record.name}
        if question := QUESTION_ID.get():
            log_data["question"] = question
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            log_data["trace_id"] = trace.format_trace_id(context.trace_id)
        super().add_fields(log_data, record, message_dict)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Return the fields without secrets: taken out of the whole line, they might break it."""
        return {
            name: self.redacting.clean(value) if isinstance(value, str) else value for name, value in log_data.items()
        }


def write_json(formatter: RedactingFormatter) -> None:
    """Write objects from now on, without the secrets that this formatter was told and will be."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter(formatter))


class Seldom(logging.Filter):
    """Lets through one line in ten minutes of what comes again and again: that traces can't be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.told_at = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line is to be written."""
        if not record.name.startswith("opentelemetry"):
            return True
        is_due = record.created - self.told_at > SELDOM_S
        self.told_at = record.created if is_due else self.told_at
        return is_due


def set_up_logs(level: int, form: str) -> RedactingFormatter:
    """Log to standard error, and nowhere else any more; return the formatter, which can be told secrets."""
    formatter = RedactingFormatter(form)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(Seldom())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for vendor in SILENCED:
        logging.getLogger(vendor).setLevel(logging.CRITICAL)
    return formatter


def hide(formatter: RedactingFormatter, secrets: Iterable[str]) -> None:
    """Keep these out of the log; what is too short would take harmless words with it."""
    formatter.secrets += [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
