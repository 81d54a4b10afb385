"""Files that something has damaged: each is read or left out with a reason, none ends an ingest."""

from __future__ import annotations

import random

import pytest

from rag import IngestError
from rag.ingest.chunking import make_passages
from rag.ingest.formats.reading import markdown_of
from rag.ingest.sources import Source
from tests.rag.ingest.formats.test_html import PAGE as HTML
from tests.rag.ingest.formats.test_markdown import PAGE as MARKDOWN
from tests.rag.ingest.formats.test_pdf import make_pdf

ROUNDS = 300
PIECES = [b"<", b">", b"```", b"---\n", b"{{", b"<div>", b"</div>", b"<table>", b"|", b"\r", b"\x00", b"\xff", b"[x]("]
PIECES += [
    b"`",
    b"&#",
    b"<!--",
    b"+++\n",
    b":::",
    b"!!! ",
    b"endobj",
    b"/Filter /Fl",
    b'<p title="',
    b"<pre>",
    b"<sup>",
]


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return content with some bytes changed, lost, doubled or put in."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                del changed[at : at + chance.randint(1, 200)]
            case 2:
                changed[at:at] = changed[at : at + chance.randint(1, 80)]
            case _:
                changed[at:at] = chance.choice(PIECES)
    return bytes(changed)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a.md", MARKDOWN.encode()),
        ("a.html", HTML.encode()),
        ("a.pdf", make_pdf("Restart the query node.", "Then wait.")),
    ],
)
def test_a_damaged_file_is_read_or_left_out(path: str, content: bytes) -> None:
    chance = random.Random(path)  # noqa: S311 - the same files each time
    read = left_out = 0
    for _ in range(ROUNDS):
        try:
            texts = {path: markdown_of(path, mutated(content, chance))}
        except IngestError:
            left_out += 1
            continue
        read += bool(make_passages(Source(name="s", version="", texts=texts), path))
    assert read
    assert read + left_out <= ROUNDS
