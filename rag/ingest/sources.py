"""Sources: a folder, a file, a .zip or the address of a .zip becomes named texts, all of them Markdown.

Archives are read in memory and never unpacked, so no member can write anywhere. What can't be used is left out with
a line that says so; what can't be trusted (an archive that would swell without end) is refused whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag.errors import IngestError
from rag.ingest.archive import (
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_TOTAL_BYTES,
    PAGE_SUFFIXES,
    VARIABLES_FILE,
    has_text,
    is_wanted,
    unpack_file,
)
from rag.ingest.download import download

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


TUTORIAL_ARCHIVE = "https://github.com/milvus-io/milvus-docs/releases/download/v2.4.6-preview/milvus_docs_2.4.x_en.zip"
FRAGMENTS = "fragments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Texts by path, and what was left out of it.

    `name` stands for the source from one ingest to the next; `version` is the docs version that it holds, or "".
    """

    name: str
    version: str
    texts: dict[str, str]
    left_out: tuple[str, ...]


def read_source(location: str, *, name: str | None = None, only: str = "", version: str = "") -> Source:
    """Read a source; `only` keeps the pages below one of its folders (includes and variables are read all the same).

    Without `version` the docs version is the one that the source's name or its variables tell. Raise IngestError when
    it can't be read, or holds no page.
    """
    default_name, files = _open(location)
    texts, left_out = _decode(files)
    kept = {path: text for path, text in texts.items() if not is_page(path) or _is_below(path, only)}
    if not any(map(is_page, kept)):
        raise IngestError(_nothing_in(location, only, texts), hint="; ".join(left_out[:3]))
    return Source(
        name=name or default_name,
        version=version or _version_in(default_name) or _version_told(texts),
        texts=kept,
        left_out=tuple(left_out),
    )


def _open(location: str) -> tuple[str, Iterable[tuple[str, bytes | str]]]:
    """Return the source's own name, and its files: bytes, or the reason (a str) why one is left out."""
    if "://" in location:
        name = PurePosixPath(urlsplit(location).path).stem or urlsplit(location).netloc
        return name, download(location)
    path = Path(location).expanduser()
    if path.is_dir():
        return path.resolve().name, _folder(path)
    if path.suffix.lower() == ".zip" and path.is_file():
        return path.stem, unpack_file(path)
    if path.suffix.lower() in PAGE_SUFFIXES and path.is_file():
        return path.stem, [(path.name, _read(path))]
    message = (
        f"{location} is not there." if not path.exists() else f"{location} is no folder, .zip, .md, .html or .pdf."
    )
    raise IngestError(message, hint="Give a folder, a .md, .html or .pdf file, a .zip, or the https address of a .zip.")


def _folder(root: Path) -> Iterator[tuple[str, bytes | str]]:
    found = sorted(path for path in root.rglob("*") if is_wanted(path.name) and path.is_file())
    if len(found) > MAX_FILES or sum(path.stat().st_size for path in found) > MAX_TOTAL_BYTES:
        message = f"{root} holds more than {MAX_TOTAL_BYTES >> 20} MiB or {MAX_FILES:,} files of documents: refused."
        raise IngestError(message, hint="Ingest its folders one by one.")
    for path in found:
        relative = path.relative_to(root).as_posix()
        if not path.resolve().is_relative_to(root.resolve()):
            yield relative, "it is a link that leads out of the folder"
        else:
            yield relative, _read(path)


def _read(path: Path) -> bytes | str:
    if path.stat().st_size > MAX_FILE_BYTES:
        return f"it is larger than {MAX_FILE_BYTES >> 20} MiB"
    try:
        return path.read_bytes()
    except OSError as error:
        return f"it can't be read ({error.strerror})"


def _decode(files: Iterable[tuple[str, bytes | str]]) -> tuple[dict[str, str], list[str]]:
    texts: dict[str, str] = {}
    left_out: list[str] = []
    for path, content in files:
        if isinstance(content, str):
            left_out.append(f"{path} is left out: {content}")
            continue
        try:
            texts[path] = _text_of(path, content)
        except IngestError as error:
            left_out.append(f"{path} is left out: {error.message}")
    return texts, left_out


def _text_of(path: str, content: bytes) -> str:
    """Return a file's Markdown; raise IngestError with the reason when it has none."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".pdf" and content.strip():
        from rag.ingest.formats.pdf import pdf_to_markdown

        return pdf_to_markdown(content)
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise IngestError("it is not UTF-8") from error
    if "\0" in text:
        raise IngestError("it is not text")
    if not text.strip():
        raise IngestError("it is empty")
    if suffix not in {".html", ".htm"}:
        return text
    from rag.ingest.formats.html import html_to_markdown

    return html_to_markdown(text)


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


def _version_told(texts: dict[str, str]) -> str:
    """Return the version that the Milvus docs' own variables tell; "" where there are none."""
    variables = (text for path, text in texts.items() if PurePosixPath(path).name == VARIABLES_FILE)
    found = re.search(r'"milvus_release_(?:version|tag)":\s*"([^"]+)"', "\n".join(variables))
    return _version_in(found[1]) if found else ""


def _version_in(name: str) -> str:
    found = re.search(r"(?<![\d.])v?(\d+\.\d+)(?:\.(?:\d+|x))?(?![\d.])", name)
    return found[1] if found else ""
