"""PDF files: their text as Markdown, a section a page."""

from __future__ import annotations

import io
import re

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from rag.errors import IngestError
from rag.ingest.formats.html import titled

MAX_PDF_PAGES = 2_000


def pdf_to_markdown(content: bytes) -> str:
    """Return a PDF's text, a section a page; raise IngestError when it can't be read or holds no text."""
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise IngestError("it is encrypted")
        pages = [page.extract_text() for page in reader.pages[:MAX_PDF_PAGES]]
        title = str((reader.metadata and reader.metadata.title) or "")
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        # pypdf raises all of these on files that are broken somewhere
        raise IngestError(f"it is not a PDF that can be read ({type(error).__name__})") from error
    sections = [f"## Page {number}\n\n{_literal(text)}" for number, text in enumerate(pages, start=1) if text.strip()]
    if not sections:
        raise IngestError("it holds no text (a scan needs text recognition first)")
    return titled(title, "\n\n".join(sections))


def _literal(text: str) -> str:
    """Return the text with what Markdown would take for a heading or a fence made plain."""
    return re.sub(r"^(\s*)(#{1,6}\s|```|~~~)", r"\1\\\2", text, flags=re.MULTILINE)
