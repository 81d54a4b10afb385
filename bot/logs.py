"""This file is where the log is set up, once, by an entry point."""

from __future__ import annotations

import logging
import sys

SILENCED = ("pymilvus", "milvus_lite", "grpc", "httpx2", "huggingface_hub", "transformers", "openai")
"""Their failures reach us as exceptions and are told once, in our words."""


def set_up_logs(level: int, form: str) -> None:
    """Log to standard error."""
    logging.basicConfig(level=level, format=form, stream=sys.stderr)
    for vendor in SILENCED:
        logging.getLogger(vendor).setLevel(logging.CRITICAL)
