"""The import of pymilvus, kept from reading our environment, from writing to our log, and from importing pandas."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rag.backends.light_imports import importing_without_pandas, without_pandas_and_scipy

if TYPE_CHECKING:
    from collections.abc import Iterator

ITS_LOGGERS = ("pymilvus", "pymilvus.milvus_client", "pymilvus.bulk_writer")


@contextmanager
def importing_pymilvus() -> Iterator[None]:
    """Hide MILVUS_URI and .env: pymilvus reads both, and refuses to load when the URI is a path.

    It also gives its loggers handlers and levels of its own: those of the entry point are put back.
    """
    hidden = {"MILVUS_URI": "", "PYTHON_DOTENV_DISABLED": "1"}
    before = {name: os.environ.get(name) for name in hidden}
    level = logging.getLogger("pymilvus").level
    os.environ.update(hidden)
    try:
        with importing_without_pandas():
            yield
        without_pandas_and_scipy()
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})
        for name in ITS_LOGGERS:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(level)
