"""Archives: the files of a .zip, with what is left out of them and why."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from rag.errors import IngestError

if TYPE_CHECKING:
    from collections.abc import Iterator


PAGE_SUFFIXES = {".md", ".markdown", ".html", ".htm", ".pdf"}
VARIABLES_FILE = "Variables.json"
MAX_FILE_BYTES = 8 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20
MAX_FILES = 50_000


def unpack_file(path: Path) -> Iterator[tuple[str, bytes | str]]:
    """Yield the files of a .zip on disk by their paths: bytes, or the reason (a str) why one is left out."""
    with path.open("rb") as file:
        yield from unpack(file, str(path))


def unpack(file: IO[bytes], location: str) -> Iterator[tuple[str, bytes | str]]:
    """Do the same for an open file that came from `location`; raise IngestError when it can't be read at all."""
    with _archive_errors(location), zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
            message = (
                f"{location} would unpack to more than {MAX_TOTAL_BYTES >> 20} MiB or {MAX_FILES:,} files: refused."
            )
            raise IngestError(message)
        for member in sorted(members, key=lambda member: member.filename):
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if not is_wanted(path.name):
                continue
            if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", path.parts[0]):
                yield member.filename, "its path climbs out of the archive"
            elif member.file_size > MAX_FILE_BYTES:
                yield str(path), f"it is larger than {MAX_FILE_BYTES >> 20} MiB"
            elif member.flag_bits & 1:
                yield str(path), "it is encrypted"
            else:
                yield str(path), _member(archive, member)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | str:
    """Return a member's content, or why it is left out."""
    try:
        with archive.open(member) as content:
            return content.read(MAX_FILE_BYTES)  # no more than the size checked above
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError) as error:
        return f"it can't be unpacked ({type(error).__name__})"


@contextmanager
def _archive_errors(location: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        message = f"{location} is not a .zip that can be read ({error})."
        raise IngestError(message) from error


def is_wanted(name: str) -> bool:
    """Tell the files of a source that are read: pages, and the variables that they use."""
    hidden = name.startswith(".")
    return not hidden and (name == VARIABLES_FILE or has_text(name))


def has_text(name: str) -> bool:
    """Tell by its suffix whether a file holds a document."""
    return PurePosixPath(name).suffix.lower() in PAGE_SUFFIXES
