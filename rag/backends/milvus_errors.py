"""Milvus errors: what pymilvus raises, translated into one clear line."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc

from rag.backends.milvus_lite import explain_failure, is_lite
from rag.backends.pymilvus_import import importing_pymilvus
from rag.errors import RetrievalError, UnreachableError

with importing_pymilvus():
    from pymilvus.exceptions import MilvusException

if TYPE_CHECKING:
    from collections.abc import Iterator


def unreachable(uri: str) -> UnreachableError:
    """Return the error of a Milvus that does not answer."""
    return UnreachableError(f"Milvus can't be reached at {uri}.", hint="Check MILVUS_URI and MILVUS_TOKEN.")


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn what pymilvus raises into one clear line. An unimplemented call arrives as grpc.RpcError."""
    try:
        yield
    except MilvusException as error:
        if re.search("connect|deadline|timeout|timed out|unavailable", str(error.message), re.IGNORECASE):
            raise unreachable(uri) from error
        told = str(error.message).partition(chr(10))[0][:200]
        if is_lite(uri) and (explained := explain_failure(uri, told)):
            raise explained from error
        message = f"Milvus refused a call: {told}"
        raise RetrievalError(message) from error
    except grpc.RpcError as error:
        raise unreachable(uri) from error
    except ValueError as error:
        if "closed channel" not in str(error):
            raise
        raise unreachable(uri) from error
