"""Sources: a folder, a file, a .zip or the address of a .zip becomes named texts, all of them Markdown.

Archives are read in memory and never unpacked, so no member can write anywhere. What can't be used is left out with
a line that says so; what can't be trusted (an archive that would swell without end) is refused whole.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from rag.errors import IngestError
from rag.ingest.archive import (
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_TOTAL_BYTES,
    VARIABLES_FILE,
    has_text,
    is_other_folder,
    is_wanted,
    unpack_file,
)
from rag.ingest.download import download
from rag.ingest.formats.decoding import decode
from rag.ingest.formats.reading import HTML, PAGE_SUFFIXES, markdown_of, suffix_of
from rag.ingest.formats.site_frame import Framed, without_site_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Files = Iterable[tuple[str, bytes | str]]


TUTORIAL_ARCHIVE = "https://github.com/milvus-io/milvus-docs/releases/download/v2.4.6-preview/milvus_docs_2.4.x_en.zip"
FRAGMENTS = "fragments"
Kind = Literal["folder", "file", "archive", "address"]
_MILVUS_DOCS = re.compile(r"milvus[-_]docs?[-_.]v?(\d+\.\d+)", re.IGNORECASE)
_RELEASE = re.compile(r'"milvus_release_(?:version|tag)":\s*"v?(\d+\.\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Texts by path, and what was left out of it.

    `name` stands for the source from one ingest to the next; `location` is where it came from. `version` is the docs
    version that it holds, or "". `is_milvus` tells Milvus' own docs, whose pages have addresses at milvus.io.
    `base_url` is what other pages' addresses are made of. `passed_over` counts, by suffix or folder, the files that are
    no documents; `framed` holds the HTML pages around which a frame was left out.
    """

    name: str
    version: str
    texts: dict[str, str]
    left_out: tuple[str, ...] = ()
    location: str = ""
    kind: Kind = "folder"
    is_milvus: bool = False
    base_url: str = ""
    passed_over: Counter[str] = field(default_factory=Counter)
    framed: dict[str, Framed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Opened:
    name: str
    location: str
    kind: Kind
    files: Files
    passed_over: Counter[str]


def read_source(location: str, *, name: str | None = None, only: str = "", version: str = "") -> Source:
    """Read a source; `only` keeps the pages below one of its folders (includes and variables are read all the same).

    Without `version` the docs version is the one that Milvus' own docs tell, and of other documents none. Raise
    IngestError when it can't be read, or holds no page.
    """
    opened = _open(location)
    texts, left_out = _read_all(opened.files)
    kept = {path: text for path, text in texts.items() if not is_page(path) or _is_below(path, only)}
    if not any(map(is_page, kept)):
        raise IngestError(_nothing_in(location, only, texts), hint="; ".join(left_out[:3]))
    told = _milvus_version(opened.name, texts)
    framed = without_site_frame({path: text for path, text in kept.items() if suffix_of(path) in HTML})
    kept |= {path: page.text for path, page in framed.items()}
    return Source(
        name=name or opened.name,
        version=version or told or "",
        texts=kept,
        left_out=tuple(left_out),
        location=opened.location,
        kind=opened.kind,
        is_milvus=told is not None,
        passed_over=opened.passed_over,
        framed={path: page for path, page in framed.items() if page.top or page.bottom},
    )


def files_of(location: str) -> Files:
    """Return the files of a source as they are: bytes, or the reason (a str) why one is left out."""
    return _open(location).files


def _open(location: str) -> _Opened:
    """Return the source's own name, and its files: bytes, or the reason (a str) why one is left out."""
    passed_over: Counter[str] = Counter()
    if "://" in location:
        name = PurePosixPath(urlsplit(location).path).stem or urlsplit(location).netloc
        return _Opened(name, location, "address", download(location, passed_over), passed_over)
    path = Path(location).expanduser()
    place = Path(os.path.normpath(Path.cwd() / path))  # what was given, links and all
    if path.is_dir():
        return _Opened(place.name or place.anchor, str(place), "folder", _folder(path, passed_over), passed_over)
    if path.suffix.lower() == ".zip" and path.is_file():
        return _Opened(path.stem, str(place), "archive", unpack_file(path, passed_over), passed_over)
    if suffix_of(path.name) in PAGE_SUFFIXES and path.is_file():
        return _Opened(path.stem, str(place), "file", [(path.name, _bytes_of(path))], passed_over)
    message = f"{location} is not there." if not path.exists() else f"{location} is nothing that can be read."
    raise IngestError(message, hint=f"Give a folder, a .zip, the https address of a .zip, or a {_suffixes()} file.")


def _suffixes() -> str:
    return ", ".join(sorted(PAGE_SUFFIXES))


def _folder(root: Path, passed_over: Counter[str]) -> Iterator[tuple[str, bytes | str]]:
    found = sorted(_files_in(root, passed_over))
    if len(found) > MAX_FILES or sum(path.stat().st_size for path in found) > MAX_TOTAL_BYTES:
        message = f"{root} holds more than {MAX_TOTAL_BYTES >> 20} MiB or {MAX_FILES:,} files of documents: refused."
        raise IngestError(message, hint="Ingest its folders one by one.")
    for path in found:
        relative = path.relative_to(root).as_posix()
        if not path.resolve().is_relative_to(root.resolve()):
            yield relative, "it is a link that leads out of the folder"
        else:
            yield relative, _bytes_of(path)


def _files_in(root: Path, passed_over: Counter[str]) -> Iterator[Path]:
    """Yield the documents below a folder; what belongs to tools is left alone, and counted."""
    for folder, folders, names in os.walk(root):
        for other in [name for name in folders if is_other_folder(name)]:
            folders.remove(other)
            passed_over[f"{other}/"] += 1
        for name in names:
            path = Path(folder) / name
            if is_wanted(name) and path.is_file():
                yield path
            else:
                passed_over[suffix_of(name) or name] += 1


def _bytes_of(path: Path) -> bytes | str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return f"it is larger than {MAX_FILE_BYTES >> 20} MiB"
        return path.read_bytes()
    except OSError as error:
        return f"it can't be read ({error.strerror})"


def _read_all(files: Files) -> tuple[dict[str, str], list[str]]:
    """Return the files' Markdown, and a line for each that is left out: one odd file never ends an ingest."""
    texts: dict[str, str] = {}
    left_out: list[str] = []
    for path, content in files:
        if isinstance(content, str):
            left_out.append(f"{path} is left out: {content}")
            continue
        try:
            texts[path] = markdown_of(path, content) if has_text(path) else decode(content)
        except IngestError as error:
            left_out.append(f"{path} is left out: {error.message}")
        except Exception as error:  # noqa: BLE001 - whatever a reader makes of a file that nobody has foreseen
            left_out.append(f"{path} is left out: it can't be read ({type(error).__name__}: {str(error)[:80]})")
    return texts, left_out


def is_page(path: str) -> bool:
    """Tell a page from variables, and from what lies in fragments/, which pages include."""
    return has_text(path) and FRAGMENTS not in PurePosixPath(path).parts


def _is_below(path: str, folder: str) -> bool:
    wanted = PurePosixPath(folder.strip("/")).parts
    return PurePosixPath(path).parts[: len(wanted)] == wanted


def _nothing_in(location: str, only: str, texts: dict[str, str]) -> str:
    if not only:
        return f"{location} holds no page that can be read."
    folders = sorted({str(PurePosixPath(path).parent) for path in texts if is_page(path)} - {"."})
    has = f"its folders are {', '.join(folders[:12])}" if folders else "it has no folders"
    return f"{location} holds no page below {only!r}; {has}."


def _milvus_version(name: str, texts: dict[str, str]) -> str | None:
    """Return the version that Milvus' own docs tell, by their name or their variables; None for other documents."""
    if named := _MILVUS_DOCS.search(name):
        return named[1]
    variables = "\n".join(text for path, text in texts.items() if PurePosixPath(path).name == VARIABLES_FILE)
    told = _RELEASE.search(variables)
    return told[1] if told else None
