"""PDF files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rag import IngestError
from rag.ingest.chunking import make_passages
from rag.ingest.formats.pdf import pdf_to_markdown
from rag.ingest.sources import read_source
from tests.rag.ingest.formats.test_html import PAGE

if TYPE_CHECKING:
    from pathlib import Path


def make_pdf(*lines: str, title: str = "Runbook") -> bytes:
    """Return a PDF of one page a line, with a table of objects as the format wants it."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(lines)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(lines)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, line in enumerate(lines):
        stream = f"BT /F1 12 Tf 72 720 Td ({line}) Tj ET"
        page = f"/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
        objects.append(f"<< {page} /Resources << /Font << /F1 3 0 R >> >> >>")
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects.append(f"<< /Title ({title}) >>")
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


def test_a_folder_of_runbooks_is_a_source(tmp_path: Path) -> None:
    (tmp_path / "oncall.html").write_text(PAGE)
    (tmp_path / "runbook.pdf").write_bytes(make_pdf("Restart the query node.", "Then call Ann."))
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    source = read_source(str(tmp_path), name="runbooks")
    assert (source.name, source.version) == ("runbooks", "")
    assert source.left_out == ("broken.pdf is left out: it is not a PDF that can be read (PDFSyntaxError)",)
    pages = [passage for path in ("oncall.html", "runbook.pdf") for passage in make_passages(source, path)]
    assert [(passage.label, passage.text.splitlines()[0]) for passage in pages] == [
        ("On call: Milvus > On call", "Read this **first**."),
        ("On call: Milvus > On call > Out of memory", "Raise the limit & restart."),
        ("Runbook > Page 1", "Restart the query node."),
        ("Runbook > Page 2", "Then call Ann."),
    ]


@pytest.mark.parametrize("content", [b"", b"not a pdf", make_pdf("")[:200], make_pdf("")])
def test_a_pdf_without_text_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(IngestError, match=r"not a PDF that can be read|holds no text"):
        pdf_to_markdown(content)
