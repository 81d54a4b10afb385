"""Logging, set up once by an entry point. No secret gets into it, wherever a line comes from."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from bot.text.redaction import REDACTED, redact

if TYPE_CHECKING:
    from collections.abc import Iterable


SILENCED = ("pymilvus", "milvus_lite", "faiss", "grpc", "httpx2", "huggingface_hub", "transformers", "openai")
"""Their failures reach us as exceptions and are told once, in our words."""
SHORTEST_SECRET = 6


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


def set_up_logs(level: int, form: str) -> RedactingFormatter:
    """Log to standard error, and nowhere else any more; return the formatter, which can be told secrets."""
    formatter = RedactingFormatter(form)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for vendor in SILENCED:
        logging.getLogger(vendor).setLevel(logging.CRITICAL)
    return formatter


def hide(formatter: RedactingFormatter, secrets: Iterable[str]) -> None:
    """Keep these out of the log; what is too short would take harmless words with it."""
    formatter.secrets += [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
