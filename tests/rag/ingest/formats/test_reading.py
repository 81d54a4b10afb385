"""Files of all kinds, and encodings."""

from __future__ import annotations

import json
import sys

import pytest

from rag import IngestError
from rag.ingest.formats import reading
from rag.ingest.formats.decoding import decode
from rag.ingest.formats.markdown import read_page
from rag.ingest.formats.reading import markdown_of

RST = (
    "Loading\n=======\n\nA page on ``load``.\n\n.. warning:: Mind the memory.\n\nDetails\n-------\n\n::\n\n   a <b> c\n"
)
ADOC = "= Loading\n\nA page on `load`.\n\nWARNING: Mind the memory.\n\n== Details\n\n----\na <b> c\n----\n"
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": "# Loading\n\nA page on `load`. Mind the memory.\n\n## Details",
        },
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 1, "source": "a <b> c"},
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.mark.parametrize(
    ("path", "content"),
    [("a.rst", RST), ("a.adoc", ADOC), ("a.ipynb", json.dumps(NOTEBOOK))],
    ids=["rst", "adoc", "ipynb"],
)
def test_what_pandoc_reads_has_its_headings_its_warnings_and_its_code(path: str, content: str) -> None:
    page = read_page(path, {path: markdown_of(path, content.encode())})
    said = "\n".join(f"{section.headings}\n{section.text}" for section in page.sections)
    for part in ("A page on `load`", "Mind the memory", "Details", "a <b> c"):
        assert part in said


def test_what_is_no_such_file_is_refused_in_words() -> None:
    with pytest.raises(IngestError, match="pandoc can't read it"):
        markdown_of("a.docx", b"no archive")


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypandoc", None)
    with pytest.raises(IngestError, match=r"milvusfaq\[formats\]"):
        markdown_of("a.rst", RST.encode())


def test_plain_text_is_no_markup() -> None:
    text = "# a comment\n<host> and [x](y)\n---\n- item"
    (section,) = read_page("a.txt", {"a.txt": markdown_of("a.txt", text.encode())}).sections
    assert section.text == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("\ufeffText".encode(), "Text"),
        ("Text é".encode("utf-16"), "Text é"),
        (b"a\r\nb\rc\r\r\nd", "a\nb\nc\nd"),
        ('<meta charset="gb2312">文档'.encode("gb2312"), '<meta charset="gb2312">文档'),
        (b'<meta charset="utf-8">one \xff slip', '<meta charset="utf-8">one \ufffd slip'),
        ("a “quoted” word".encode("cp1252"), "a “quoted” word"),
        (
            ("Эта страница описывает загрузку коллекций. " * 4).encode("cp1251"),
            "Эта страница описывает загрузку коллекций. " * 4,
        ),
    ],
    ids=["bom", "utf-16", "line ends", "declared", "slip", "western", "cyrillic"],
)
def test_text_is_read_as_it_was_meant(content: bytes, text: str) -> None:
    assert decode(content) == text


@pytest.mark.parametrize("content", [b"", b" \n", b"a\0b", b"\xff\xfe\x00", b'<meta charset="utf-8">' + 9 * b"\xff"])
def test_what_is_no_text_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(IngestError):
        decode(content)


def test_every_kind_has_its_reader() -> None:
    assert {
        ".md",
        ".mdx",
        ".html",
        ".xhtml",
        ".pdf",
        ".txt",
        ".rst",
        ".adoc",
        ".ipynb",
        ".docx",
    } <= reading.PAGE_SUFFIXES
