"""PDF files: their text as Markdown, a section a page, columns one after the other."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

from pdfminer.high_level import extract_pages
from pdfminer.layout import LAParams, LTTextContainer
from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
from pdfminer.pdfparser import PDFParser
from pdfminer.utils import decode_text

from rag.errors import IngestError
from rag.ingest.formats.html import literal_lines, titled

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PDF_PAGES = 2_000
LAYOUT = LAParams(boxes_flow=0.5, line_margin=0.5)
"""pdfminer's defaults: lines near each other are a box, boxes are read by columns."""
logging.getLogger("pdfminer").setLevel(logging.ERROR)  # what it makes of damaged files is told once, by us


def pdf_to_markdown(content: bytes) -> str:
    """Return a PDF's text, a section a page; raise IngestError when it can't be read or holds no text."""
    try:
        title, pages = _title(content), list(_pages(content))
    except PDFPasswordIncorrect as error:
        raise IngestError("it is encrypted") from error
    except RecursionError as error:
        raise IngestError("it is nested too deeply") from error
    except Exception as error:  # a damaged file makes its reader raise anything
        message = f"it is not a PDF that can be read ({type(error).__name__})"
        raise IngestError(message) from error
    sections = [f"## Page {number}\n\n{literal_lines(text)}" for number, text in pages]
    if not sections:
        raise IngestError("it holds no text (a scan needs text recognition first)")
    return titled(title, "\n\n".join(sections))


def _title(content: bytes) -> str:
    for info in PDFDocument(PDFParser(io.BytesIO(content))).info:
        title = info.get("Title")
        if isinstance(title, bytes):
            return str(decode_text(title)).strip("\0 ")
    return ""


def _pages(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each page that holds any."""
    layouts = extract_pages(io.BytesIO(content), maxpages=MAX_PDF_PAGES, laparams=LAYOUT)
    for number, page in enumerate(layouts, start=1):
        boxes = [box.get_text().strip() for box in page if isinstance(box, LTTextContainer)]
        if text := "\n\n".join(filter(None, boxes)).replace("\0", ""):
            yield number, text
