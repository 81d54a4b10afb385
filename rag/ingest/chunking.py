"""Chunking: sections become passages, whole where they are short, cut between paragraphs where not."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rag.domain import Passage
from rag.ingest.formats.markdown import MARKDOWN_SUFFIXES, read_page
from rag.ingest.sources import is_page
from rag.text.splitting import split_markdown

if TYPE_CHECKING:
    from rag.ingest.formats.markdown import Page, Section
    from rag.ingest.sources import Source

PASSAGE_CHARACTERS = 1_200
"""About 256 tokens of English, which is what the bundled model reads; longer sections are mostly code."""

SDK_LANGUAGES = {"python", "java", "javascript", "go", "csharp", "cpp", "rust", "shell", "curl"}
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_FENCE_LANGUAGE = re.compile(r"^\s*```(\w+)", re.MULTILINE)
_LINK_TARGET = re.compile(r"\]\(https?://[^)]*\)")

DOCS_ROOT = "en"
DOCS_ADDRESS = "https://milvus.io/docs/"
NEWEST_DOCS = (3, 0)
"""The docs version that milvus.io shows without a version in the address."""


def page_paths(source: Source) -> list[str]:
    """Return the paths of the source's pages."""
    return sorted(filter(is_page, source.texts))


def make_passages(source: Source, path: str) -> list[Passage]:
    """Return the passages of one page, in their order."""
    page = read_page(path, source.texts)
    below = _below_root(source, path)
    passages = [
        _make_passage(source, below, page, section, url=_address(source, path, section), text=text)
        for section in page.sections
        for text in split_markdown(section.text, PASSAGE_CHARACTERS)
    ]
    return list({passage.id: passage for passage in passages}.values())  # what stands twice under a heading is one


def _make_passage(  # noqa: PLR0913 - one call, next to its only caller
    source: Source, path: str, page: Page, section: Section, *, url: str, text: str
) -> Passage:
    fences = (match.lower() for match in _FENCE_LANGUAGE.findall(text))
    told = section.languages if _FENCE.sub("", text).strip() else ()
    languages = tuple(dict.fromkeys((*told, *(fence for fence in fences if fence in SDK_LANGUAGES))))
    parts = (source.name, source.version, path, page.title, *section.headings, url, text, *languages)
    return Passage(
        id=hashlib.sha256("\0".join([*parts, "deprecated" * page.deprecated]).encode()).hexdigest()[:32],
        source=source.name,
        path=path,
        title=page.title,
        headings=section.headings,
        url=url,
        version=source.version,
        text=text,
        languages=languages,
        deprecated=page.deprecated,
    )


def _is_of_milvus_docs(source: Source, path: str) -> bool:
    """Tell the pages of Milvus' own docs, which lie below en/, from a team's own."""
    return source.is_milvus and DOCS_ROOT in PurePosixPath(path).parts[:-1][:2]


def _below_root(source: Source, path: str) -> str:
    """Return the path below en/ for a page of the Milvus docs, the whole path for any other."""
    if not _is_of_milvus_docs(source, path):
        return path
    parts = PurePosixPath(path).parts
    return str(PurePosixPath(*parts[parts.index(DOCS_ROOT) + 1 :]))


def _address(source: Source, path: str, section: Section) -> str:
    """Return the section's public address, "" where it has none.

    The Milvus docs' is made of the version (an old one's only), the file name and the anchor.
    """
    if section.address or not _is_of_milvus_docs(source, path):
        return section.address or _address_below(source.base_url, path, section)
    is_old = bool(source.version) and tuple(map(int, source.version.split("."))) < NEWEST_DOCS
    address = DOCS_ADDRESS + (f"v{source.version}.x/" if is_old else "") + PurePosixPath(path).name
    return f"{address}#{section.anchor}" if section.anchor else address


def _address_below(base_url: str, path: str, section: Section) -> str:
    """Return a page's address below what the operator has given, "" where that is nothing.

    `{path}` in it stands for the path without a suffix, `{file}` for the path with it; without either the path is put
    behind it, that of Markdown without its suffix, as most sites show it. Anchors are the page's own, else made as
    GitHub makes them.
    """
    if not base_url:
        return ""
    bare = str(PurePosixPath(path).with_suffix(""))
    bare = re.sub(r"(?:^|/)(?:index|README|_index)$", "", bare)
    if "{path}" in base_url or "{file}" in base_url:
        address = base_url.replace("{path}", bare).replace("{file}", path)
    else:
        is_markdown = PurePosixPath(path).suffix.lower() in MARKDOWN_SUFFIXES
        address = f"{base_url.rstrip('/')}/{bare if is_markdown else path}"
    anchor = section.anchor if section.has_own_anchor else _github_anchor(section)
    return f"{address}#{anchor}" if anchor else address


def _github_anchor(section: Section) -> str:
    heading = section.headings[-1] if section.headings else ""
    return re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-")


def embedding_text(passage: Passage) -> str:
    """Return what the embedding model reads: title > headings, then the text without the targets of its links."""
    return f"{passage.label}\n{_LINK_TARGET.sub(']', passage.text)}"
