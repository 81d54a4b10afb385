"""Archives: the files of a .zip, with what is left out of them and why."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections import Counter
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from rag.errors import IngestError
from rag.ingest.formats.decoding import decode
from rag.ingest.formats.reading import PAGE_SUFFIXES, is_text, suffix_of
from rag.text.language import language_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


VARIABLES_FILE = "Variables.json"
MAX_FILE_BYTES = 8 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20
MAX_FILES = 50_000
OTHER_FOLDERS = {
    "node_modules",
    "__pycache__",
    "__MACOSX",
    "venv",
    "env",
    "site-packages",
    "bower_components",
    "vendor",
    "_sources",
}
"""Folders of tools, and Sphinx' copies of its sources: what lies there is nobody's docs."""
_UTF8_FLAG = 0x800
_WINDOWS = {"zh": "gb18030", "ja": "cp932", "ko": "cp949", "ru": "cp866"}
"""In which encoding a zip program writes names where Windows speaks that language."""
SAMPLED, SAMPLE_CHARACTERS = 8, 2_000


def unpack_file(path: Path, passed_over: Counter[str]) -> Iterator[tuple[str, bytes | str]]:
    """Yield the files of a .zip on disk by their paths: bytes, or the reason (a str) why one is left out.

    What is no document is counted in `passed_over`.
    """
    with path.open("rb") as file:
        yield from unpack(file, str(path), passed_over)


def unpack(file: IO[bytes], location: str, passed_over: Counter[str]) -> Iterator[tuple[str, bytes | str]]:
    """Do the same for an open file that came from `location`; raise IngestError when it can't be read at all."""
    with _archive_errors(location), zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
            message = (
                f"{location} would unpack to more than {MAX_TOTAL_BYTES >> 20} MiB or {MAX_FILES:,} files: refused."
            )
            raise IngestError(message)
        named = _names(archive, members)
        for member in sorted(members, key=lambda member: named[member.filename]):
            path = PurePosixPath(named[member.filename].replace("\\", "/"))
            if other := next(filter(is_other_folder, path.parts[:-1]), ""):
                passed_over[f"{other}/"] += 1
                continue
            if not is_wanted(path.name):
                passed_over[path.suffix.lower() or path.name] += 1
                continue
            if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", path.parts[0]):
                yield member.filename, "its path climbs out of the archive"
            elif member.file_size > MAX_FILE_BYTES:
                yield str(path), f"it is larger than {MAX_FILE_BYTES >> 20} MiB"
            elif member.flag_bits & 1:
                yield str(path), "it is encrypted"
            else:
                yield str(path), _member(archive, member)


def _names(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]) -> dict[str, str]:
    """Return each member's path as it was written: without the mark of UTF-8, Windows writes it in its own encoding.

    Names are too short to tell which: the language of what they hold does.
    """
    unmarked = [m for m in members if not m.flag_bits & _UTF8_FLAG and not m.filename.isascii()]
    encoding = _encoding_of(archive, unmarked) if unmarked else ""
    return {m.filename: _renamed(m.filename, encoding) if m in unmarked else m.filename for m in members}


def _encoding_of(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]) -> str:
    """Return the encoding of the names: UTF-8 where all can be that, else what Windows writes in that language."""
    if all(_renamed(member.filename, "utf-8") != member.filename for member in members):
        return "utf-8"
    readable = [m for m in members if is_text(m.filename) and m.file_size <= MAX_FILE_BYTES and not m.flag_bits & 1]
    said = (_sample(_member(archive, member)) for member in readable[:SAMPLED])
    languages = Counter(map(language_of, said))
    return next((_WINDOWS[language] for language, _ in languages.most_common() if language in _WINDOWS), "cp437")


def _sample(content: bytes | str) -> str:
    try:
        return decode(content)[:SAMPLE_CHARACTERS] if isinstance(content, bytes) else ""
    except IngestError:
        return ""


def _renamed(name: str, encoding: str) -> str:
    try:
        return name.encode("cp437").decode(encoding)
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name


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


def is_other_folder(name: str) -> bool:
    """Tell a folder that is hidden, or belongs to a tool."""
    return (name.startswith(".") and name not in {".", ".."}) or name in OTHER_FOLDERS


def has_text(name: str) -> bool:
    """Tell by its suffix whether a file holds a document."""
    return suffix_of(name) in PAGE_SUFFIXES
