"""This file is where a folder, a file, a .zip or the address of a .zip becomes named texts, all of them Markdown.

Archives are read in memory and never unpacked, so no member can write anywhere. What can't be used is left out with
a line that says so; what can't be trusted (an archive that would swell without end) is refused whole.
"""

from __future__ import annotations

import lzma
import re
import socket
import time
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2

from rag.errors import IngestError
from rag.ingest.documents import html_to_markdown, pdf_to_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TUTORIAL_ARCHIVE = "https://github.com/milvus-io/milvus-docs/releases/download/v2.4.6-preview/milvus_docs_2.4.x_en.zip"
PAGE_SUFFIXES = {".md", ".markdown", ".html", ".htm", ".pdf"}
VARIABLES_FILE = "Variables.json"
FRAGMENTS = "fragments"
MAX_FILE_BYTES = 8 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20
MAX_FILES = 50_000
MAX_DOWNLOAD_BYTES = 512 * 2**20
DOWNLOAD_TIMEOUT_S = 20.0
"""Without a byte; DOWNLOAD_LIMIT_S is for all of it."""
DOWNLOAD_LIMIT_S = 900.0
MAX_REDIRECTS = 5
WRAPPING = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""NAT64 (RFC 6052) and IPv4-compatible addresses: the last 32 bits are an IPv4 address."""


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
        return name, _download(location)
    path = Path(location).expanduser()
    if path.is_dir():
        return path.resolve().name, _folder(path)
    if path.suffix.lower() == ".zip" and path.is_file():
        return path.stem, _archive_file(path)
    if path.suffix.lower() in PAGE_SUFFIXES and path.is_file():
        return path.stem, [(path.name, _read(path))]
    message = (
        f"{location} is not there." if not path.exists() else f"{location} is no folder, .zip, .md, .html or .pdf."
    )
    raise IngestError(message, hint="Give a folder, a .md, .html or .pdf file, a .zip, or the https address of a .zip.")


def _folder(root: Path) -> Iterator[tuple[str, bytes | str]]:
    found = sorted(path for path in root.rglob("*") if _is_wanted(path.name) and path.is_file())
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


def _archive_file(path: Path) -> Iterator[tuple[str, bytes | str]]:
    with path.open("rb") as file:
        yield from _archive(file, str(path))


def _archive(file: IO[bytes], location: str) -> Iterator[tuple[str, bytes | str]]:
    with _archive_errors(location), zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
            message = (
                f"{location} would unpack to more than {MAX_TOTAL_BYTES >> 20} MiB or {MAX_FILES:,} files: refused."
            )
            raise IngestError(message)
        for member in sorted(members, key=lambda member: member.filename):
            path = PurePosixPath(member.filename.replace("\\", "/"))
            if not _is_wanted(path.name):
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


def _download(address: str) -> Iterator[tuple[str, bytes | str]]:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        message = f"{address} is not an https address."
        raise IngestError(message, hint="Download the archive yourself and give its path.")
    with TemporaryFile() as file:
        try:
            with httpx2.Client(timeout=DOWNLOAD_TIMEOUT_S) as client:
                _save(_follow(client, address), file, address)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            message = f"{address} can't be fetched ({reason[:120]})."
            raise IngestError(message, hint="Download the archive elsewhere and give its path.") from error
        file.seek(0)
        yield from _archive(file, address)


def _follow(client: httpx2.Client, address: str) -> httpx2.Response:
    """Return the answer that an address leads to, its body still to be read."""
    request = client.build_request("GET", address)
    for _ in range(MAX_REDIRECTS):
        response = client.send(request, stream=True)
        if response.next_request is None:
            return response.raise_for_status()
        response.close()
        request = response.next_request
        _check_redirect(address, str(request.url))
    message = f"{address} leads from one address to the next without an end: refused."
    raise IngestError(message)


def _check_redirect(named: str, target: str) -> None:
    """Refuse to be led into the operator's own network: only the host that they named may lie there."""
    parts = urlsplit(target)
    host = parts.hostname or ""
    if host == urlsplit(named).hostname and parts.scheme == urlsplit(named).scheme:
        return
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)}
    except OSError:
        found = set()  # a proxy may know it; fetching tells
    if parts.scheme != "https" or not all(map(_is_public, found)):
        message = f"{named} leads to {parts.scheme}://{host}, which is not a public https address: refused."
        raise IngestError(message, hint="Give that address itself if you trust it.")


def _is_public(address: str) -> bool:
    """Tell an address that everybody reaches; of one that only wraps an IPv4 address, what is in it."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1] or found
    if isinstance(found, IPv6Address) and any(found in network for network in WRAPPING):
        found = IPv4Address(int(found) & 0xFFFF_FFFF)
    return found.is_global and not found.is_multicast


def _save(response: httpx2.Response, file: IO[bytes], address: str) -> None:
    size, begun = 0, time.monotonic()
    for block in response.iter_bytes():
        size += len(block)
        if size > MAX_DOWNLOAD_BYTES:
            message = f"{address} is larger than {MAX_DOWNLOAD_BYTES >> 20} MiB: refused."
            raise IngestError(message)
        if time.monotonic() - begun > DOWNLOAD_LIMIT_S:
            message = f"{address} has not come whole in {DOWNLOAD_LIMIT_S / 60:.0f} minutes."
            raise IngestError(message, hint="Download the archive elsewhere and give its path.")
        file.write(block)


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
        return pdf_to_markdown(content)
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise IngestError("it is not UTF-8") from error
    if "\0" in text:
        raise IngestError("it is not text")
    if not text.strip():
        raise IngestError("it is empty")
    return html_to_markdown(text) if suffix in {".html", ".htm"} else text


def _is_wanted(name: str) -> bool:
    hidden = name.startswith(".")
    return not hidden and (name == VARIABLES_FILE or _has_text(name))


def is_page(path: str) -> bool:
    """Tell a page from variables, and from what lies in fragments/, which pages include."""
    return _has_text(path) and FRAGMENTS not in PurePosixPath(path).parts


def _has_text(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PAGE_SUFFIXES


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
