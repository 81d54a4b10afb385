"""Reading: a file of any kind that is known becomes Markdown, by the suffix of its name.

What only pandoc reads needs the extra `milvusfaq[formats]`; a file of that kind is left out without it, which is said.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rag.errors import IngestError
from rag.ingest.formats.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Callable

MARKDOWN = (".md", ".mdx", ".markdown")
HTML = (".html", ".htm", ".xhtml")
PANDOC = {
    ".rst": "rst",
    ".adoc": "asciidoc",
    ".asciidoc": "asciidoc",
    ".org": "org",
    ".ipynb": "ipynb",
    ".docx": "docx",
    ".odt": "odt",
    ".epub": "epub",
}
"""pandoc's names of what the extra reads."""
PAGE_SUFFIXES = frozenset({*MARKDOWN, *HTML, *PANDOC, ".pdf", ".txt"})
EXTRA = "milvusfaq[formats]"


def suffix_of(path: str) -> str:
    """Return a file's suffix, in small letters."""
    return PurePosixPath(path).suffix.lower()


def is_text(path: str) -> bool:
    """Tell by its suffix a file that is text, whatever its markup."""
    return suffix_of(path) in {*MARKDOWN, *HTML, ".txt", ".rst", ".adoc", ".asciidoc", ".org"}


def markdown_of(path: str, content: bytes) -> str:
    """Return a file's Markdown; raise IngestError with the reason where it has none."""
    if not content.strip():
        raise IngestError("it is empty")
    suffix = suffix_of(path)
    return _reader(suffix)(content) if suffix not in PANDOC else _by_pandoc(content, PANDOC[suffix])


def _reader(suffix: str) -> Callable[[bytes], str]:
    if suffix == ".pdf":
        from rag.ingest.formats.pdf import pdf_to_markdown

        return pdf_to_markdown
    if suffix in HTML:
        from rag.ingest.formats.html import html_to_markdown

        return lambda content: html_to_markdown(decode(content))
    return _text_to_markdown if suffix == ".txt" else decode


def _text_to_markdown(content: bytes) -> str:
    from rag.ingest.formats.html import literal_lines

    return literal_lines(decode(content))


def _by_pandoc(content: bytes, kind: str) -> str:
    """Return what pandoc makes of a file, by way of HTML, as a reader sees it."""
    from rag.ingest.formats.html import html_to_markdown

    try:
        import pypandoc
    except ImportError as error:
        message = f"it needs an extra to be read: pip install '{EXTRA}'"
        raise IngestError(message) from error
    source: bytes | str = content if kind in ("docx", "odt", "epub") else decode(content)
    try:
        page = pypandoc.convert_text(source, "html5", format=kind, extra_args=["--standalone", "--sandbox"])
    except (RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())[:120]
        message = f"pandoc can't read it ({reason})"
        raise IngestError(message) from error
    return html_to_markdown(page)
