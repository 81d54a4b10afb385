"""This file is where sections become passages: whole where they are short, cut between paragraphs where not."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rag.domain import Passage
from rag.ingest.markdown import read_page
from rag.splitting import split_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.ingest.markdown import Page, Section
    from rag.ingest.sources import Source

PASSAGE_CHARACTERS = 1_200
"""About 256 tokens of English, which is what the bundled model reads; longer sections are mostly code."""

_LINK_TARGET = re.compile(r"\]\(https?://[^)]*\)")

DOCS_ADDRESS = "https://milvus.io/docs/"
NEWEST_DOCS = (3, 0)
"""The docs version that milvus.io shows without a version in the address."""


def page_paths(source: Source) -> list[str]:
    """Return the paths of the source's pages; what lies in fragments/ is included by others and is not one."""
    return sorted(
        path
        for path in source.texts
        if PurePosixPath(path).suffix != ".json" and "fragments" not in PurePosixPath(path).parts
    )


def make_passages(source: Source, path: str) -> list[Passage]:
    """Return the passages of one page, in their order."""
    page = read_page(path, source.texts)
    root, below = _split_root(path)
    passages: list[Passage] = []
    for section in page.sections:
        url = section.address or (_docs_address(path, source.version, section.anchor) if root == "en" else "")
        for text in split_markdown(section.text, PASSAGE_CHARACTERS):
            passages.append(_make_passage(source, below, page, section, url=url, text=text))
    return list(_with_distinct_ids(passages))


def _make_passage(  # noqa: PLR0913 - one call, next to its only caller
    source: Source, path: str, page: Page, section: Section, *, url: str, text: str
) -> Passage:
    parts = (source.name, source.version, path, page.title, *section.headings, url, text)
    return Passage(
        id=hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32],
        source=source.name,
        path=path,
        title=page.title,
        headings=section.headings,
        url=url,
        version=source.version,
        text=text,
    )


def _with_distinct_ids(passages: list[Passage]) -> Iterator[Passage]:
    """Drop what stands twice under the same heading of a page: it is one passage."""
    seen: set[str] = set()
    for passage in passages:
        if passage.id not in seen:
            seen.add(passage.id)
            yield passage


def _split_root(path: str) -> tuple[str, str]:
    """Return "en" and the path below it for a page of the Milvus docs; "" and the whole path for any other."""
    parts = PurePosixPath(path).parts
    if "en" in parts[:-1][:2]:
        below = parts[parts.index("en") + 1 :]
        return "en", str(PurePosixPath(*below))
    return "", path


def _docs_address(path: str, version: str, anchor: str) -> str:
    """Return a page's address on milvus.io: version (an old one's only), file name, anchor."""
    old = bool(version) and tuple(map(int, version.split("."))) < NEWEST_DOCS
    address = DOCS_ADDRESS + (f"v{version}.x/" if old else "") + PurePosixPath(path).name
    return f"{address}#{anchor}" if anchor else address


def embedding_text(passage: Passage) -> str:
    """Return what the embedding model reads: title > headings, then the text without the targets of its links."""
    return f"{passage.label}\n{_LINK_TARGET.sub(']', passage.text)}"
