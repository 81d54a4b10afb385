"""This file is where a team's own HTML pages and PDF files become Markdown, so that one way leads on from here."""

from __future__ import annotations

import io
import re

from bs4 import BeautifulSoup
from markdownify import MarkdownConverter
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from rag.errors import IngestError

MAX_PDF_PAGES = 2_000
NOT_CONTENT = ("script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "svg", "iframe")


def html_to_markdown(text: str) -> str:
    """Return the main part of an HTML page as Markdown, its title as front matter; what frames it is left out.

    Raise IngestError for one that can't be read.
    """
    page = BeautifulSoup(text, "html.parser")
    for element in page(NOT_CONTENT):
        element.decompose()
    main = page.find("main") or page.find("article") or page.body or page
    converter = MarkdownConverter(heading_style="ATX", bullets="-", code_language_callback=_language)
    try:
        markdown: str = converter.convert_soup(main)
    except RecursionError as error:
        raise IngestError("its elements are nested too deeply") from error
    title = page.title.get_text(" ", strip=True) if page.title else ""
    return _titled(title, re.sub(r"\n{3,}", "\n\n", markdown))


def _language(element: object) -> str:
    """Return the language that a page's <pre><code class="language-x"> names."""
    found = re.search(r'class="[^"]*\blanguage-(\w+)', str(element)[:300])
    return found[1] if found else ""


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
    return _titled(title, "\n\n".join(sections))


def _literal(text: str) -> str:
    """Return the text with what Markdown would take for a heading or a fence made plain."""
    return re.sub(r"^(\s*)(#{1,6}\s|```|~~~)", r"\1\\\2", text, flags=re.MULTILINE)


def _titled(title: str, markdown: str) -> str:
    quoted = re.sub(r"[\"\\\n]", " ", title).strip()
    return f'---\ntitle: "{quoted}"\n---\n\n{markdown}' if quoted else markdown
