"""This file is where the file behind Milvus Lite is looked at: why it can't be opened, and letting it go."""

from __future__ import annotations

import fcntl
from pathlib import Path

from milvus_lite.server_manager import server_manager_instance

from rag.errors import RetrievalError


def is_lite(uri: str) -> bool:
    """Tell a path, which Milvus Lite opens, from an address."""
    return "://" not in uri


def release(uri: str) -> None:
    """Stop the engine in this process, with its last flush; pymilvus' close() leaves it running."""
    server_manager_instance.release_server(uri)


def explain_refusal(uri: str) -> RetrievalError:
    """Return why Milvus Lite can't open the path: it writes the reason to its log alone."""
    path = Path(uri)
    if path.suffix != ".db":
        return RetrievalError(f"MILVUS_URI={uri!r} is neither an address nor a path that ends in .db.")
    if not path.parent.is_dir():
        return RetrievalError(f"The folder of {uri} does not exist.", hint="Make it, or set MILVUS_URI.")
    if path.is_file():
        message = f"{uri} is a file; Milvus Lite 3 keeps a folder (2.x kept a file, which it can't read)."
        return RetrievalError(message, hint="Move it away and ingest again.")
    if _is_locked(path / "LOCK"):
        message = f"{uri} is open in another process, and Milvus Lite takes one process at a time."
        return RetrievalError(message, hint="Stop that process, or use a Milvus server: MILVUS_URI=http://…:19530")
    return RetrievalError(f"Milvus Lite can't open {uri}.", hint="Can it be written, and is it a folder that it made?")


def _is_locked(lock: Path) -> bool:
    if not lock.exists():
        return False
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
