"""The folder behind Milvus Lite: who has it open, and a new one beside it.

Milvus Lite takes one process at a time. So an ingest that finds a bot at work fills a copy, `name.<hex>.db`, and the
bot goes over to it when it is whole (`newest`); whoever opens the folder next while nobody has it puts the newest copy
in its place (`settle`).
"""

from __future__ import annotations

import ctypes
import fcntl
import logging
import os
import re
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import IO, TYPE_CHECKING

import pyarrow as pa
from milvus_lite.server_manager import server_manager_instance

from rag.errors import IngestError, RetrievalError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own keeps 70 MB of what a folder took to read
DRAFT = "draft"
LONGEST_TOLD = 120
COPY_TRIES = 3
_FULL = re.compile(r"no space left|disk quota|errno (?:28|122)\b", re.IGNORECASE)
_DAMAGED = re.compile(
    r"parquet|not valid JSON|codec can't decode|Expecting (?:value|property)|Extra data|Unterminated|pickled|magic"
    r"|corrupt|damaged|truncated|cannot reshape|end of file|EOF|header",
    re.IGNORECASE,
)
"""What the readers of Milvus Lite's files (JSON, Parquet, NumPy) say of one that is not what they wrote."""


def is_lite(uri: str) -> bool:
    """Tell a path, which Milvus Lite opens, from an address."""
    return "://" not in uri


def is_open_elsewhere(uri: str) -> bool:
    """Tell whether another process has a folder open."""
    return _is_locked(_target(uri))


def release(uri: str) -> None:
    """Stop the engine in this process, with its last flush; pymilvus' close() leaves it running."""
    server_manager_instance.release_server(uri)


def newest_copy(uri: str) -> str:
    """Return the path of the newest whole copy, or the path itself where there is none."""
    copies = _copies(uri)
    return str(copies[-1]) if copies else uri


def adopt_newest_copy(uri: str) -> None:
    """Put the newest copy in place of the older ones, unless a process has one of them open."""
    target = _target(uri)
    if not target.parent.is_dir():
        return
    with _alone(uri):
        copies = _copies(uri)
        if not copies or any(_is_locked(path) for path in (target, *copies)):
            return
        for older in (target, *copies[:-1]):
            shutil.rmtree(older, ignore_errors=True)
        try:
            copies[-1].rename(target)
        except OSError as error:  # it is a mount: the copy beside it is as good
            logger.info("%s can't be put in place of %s (%s); it is used where it is.", copies[-1], target, error)


@dataclass(slots=True)
class WritablePlace:
    """Where an ingest may write: the folder itself, or a copy beside it that is thrown away unless `keep` is set."""

    path: str
    keep: bool = False


@contextmanager
def place_to_write(uri: str) -> Iterator[WritablePlace]:
    """Give the one ingest at a time its place; a copy that is to be kept gets its name when the block ends well."""
    adopt_newest_copy(uri)
    if not _target(uri).parent.is_dir():
        raise explain_refusal(uri)
    with _ingesting(uri):
        current = Path(newest_copy(uri))
        if not _is_locked(current):
            yield WritablePlace(path=str(current))
            return
        draft = _beside(uri, DRAFT)
        shutil.rmtree(draft, ignore_errors=True)
        try:
            shutil.copytree(current, draft, ignore=shutil.ignore_patterns("LOCK"))
            place = WritablePlace(path=str(draft))
            yield place
            if place.keep:
                draft.rename(_beside(uri, f"{time.time_ns():x}"))
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def give_back_freed_memory() -> None:
    """Return to the system what models and Milvus Lite have freed: glibc would keep up to 100 MB of it."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):  # other C libraries return memory by themselves
        libc.malloc_trim(0)


def forget(path: str) -> None:
    """Remove a folder that has been replaced and is closed."""
    shutil.rmtree(path, ignore_errors=True)


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
    if _is_locked(path):
        message = f"{uri} is open in another process, and Milvus Lite takes one process at a time."
        return RetrievalError(message, hint="Stop that process, or use a Milvus server: MILVUS_URI=http://…:19530")
    return RetrievalError(f"Milvus Lite can't open {uri}.", hint="Can it be written, and is it a folder that it made?")


def explain_failure(uri: str, told: str) -> RetrievalError | None:
    """Return what is wrong with a folder that Milvus Lite fails on, by what it says; None where that does not tell."""
    if _FULL.search(told):
        return RetrievalError(f"The disk that holds {uri} is full.", hint="Make room there, then run it again.")
    if _DAMAGED.search(told):
        reason = shorten(told, LONGEST_TOLD, placeholder=" …")
        message = f"The files of Milvus Lite in {uri} are damaged ({reason})."
        return RetrievalError(message, hint="Move the folder away, then run: milvusfaq ingest SOURCE")
    return None


def _target(uri: str) -> Path:
    """Return the folder behind a path: it may be a link to a larger disk."""
    return Path(os.path.realpath(uri))


def _beside(uri: str, mark: str) -> Path:
    path = _target(uri)
    return path.with_name(f"{path.stem}.{mark}.db")


def _copies(uri: str) -> list[Path]:
    """Return the whole copies, oldest first; their marks are times in hexadecimal, all of one length."""
    path = _target(uri)
    return sorted(path.parent.glob(f"{path.stem}.{'[0-9a-f]' * 16}.db")) if path.parent.is_dir() else []


def _is_locked(folder: Path) -> bool:
    lock = folder / "LOCK"
    if not lock.is_file():
        return False
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _lock_file(uri: str, suffix: str) -> IO[str]:
    try:
        return Path(f"{_target(uri)}.{suffix}").open("w")
    except OSError as error:
        raise RetrievalError(f"Milvus Lite can't write beside {uri} ({error.strerror}).") from error


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Wait until no other process renames these folders."""
    with _lock_file(uri, "lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _ingesting(uri: str) -> Iterator[None]:
    with _lock_file(uri, "ingest") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"Another ingest into {uri} is at work."
            raise IngestError(message, hint="Wait until it has ended.") from error
        yield


@contextmanager
def temporary_copy(uri: str) -> Iterator[str]:
    """Give a copy of the newest folder, which a bot may have open and be writing; raise OSError where it can't be.

    A file that goes meanwhile is not missed at the next try.
    """
    with TemporaryDirectory() as folder:
        copy = str(Path(folder) / "milvus.db")
        for tries_left in reversed(range(COPY_TRIES)):
            try:
                shutil.copytree(newest_copy(uri), copy, ignore=shutil.ignore_patterns("LOCK"))
                break
            except OSError:
                shutil.rmtree(copy, ignore_errors=True)
                if not tries_left:
                    raise
        yield copy
