"""Archives, the good and the bad."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from rag import IngestError
from rag.ingest import archive
from rag.ingest.sources import read_source

if TYPE_CHECKING:
    from pathlib import Path

    from rag.ingest.sources import Source


def make_zip(members: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zip_source(folder: Path, members: dict[str, bytes | str], *, only: str = "") -> Source:
    path = folder / "milvus_docs_2.4.x_en.zip"
    path.write_bytes(make_zip(members))
    return read_source(str(path), only=only)


def test_what_can_not_be_used_is_left_out_with_its_reason(tmp_path: Path) -> None:
    source = zip_source(
        tmp_path,
        {
            "en/good.md": "# Good\ntext",
            "en/latin.md": "caf\xe9".encode("latin-1"),
            "en/empty.md": " \n",
            "en/binary.md": "a\0b",
            "../../climber.md": "# Evil\nclimbs",
            "/etc/absolute.md": "# Evil\nabsolute",
            "C:\\windows.md": "# Evil\nwindows",
        },
    )
    assert list(source.texts) == ["en/good.md"]
    assert sorted(source.left_out) == [
        "../../climber.md is left out: its path climbs out of the archive",
        "/etc/absolute.md is left out: its path climbs out of the archive",
        "C:\\windows.md is left out: its path climbs out of the archive",
        "en/binary.md is left out: it is not text",
        "en/empty.md is left out: it is empty",
        "en/latin.md is left out: it is not UTF-8",
    ]
    assert not (tmp_path.parent / "climber.md").exists()


def test_a_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    layers: dict[str, bytes | str] = {f"en/{n}.md": b"0" * archive.MAX_FILE_BYTES for n in range(40)}
    with pytest.raises(IngestError, match="would unpack to more than 256 MiB"):
        zip_source(tmp_path, layers)


def test_one_huge_page_is_left_out(tmp_path: Path) -> None:
    source = zip_source(tmp_path, {"en/huge.md": b"0" * (archive.MAX_FILE_BYTES + 1), "en/good.md": "# Good\ntext"})
    assert source.left_out == ("en/huge.md is left out: it is larger than 8 MiB",)


def test_a_damaged_archive_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    path.write_bytes(make_zip({"en/a.md": "# A\n" + "text " * 500})[:-30])
    with pytest.raises(IngestError, match=r"is not a \.zip that can be read"):
        read_source(str(path))


def test_a_damaged_member_and_a_page_that_can_not_be_read_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    nested = "<html><body>" + "<div>" * 3_000 + "text" + "</div>" * 3_000
    whole = bytearray(make_zip({"en/a.md": "# A\n" + "text " * 500, "en/b.html": nested, "en/c.md": "# C\ngood"}))
    whole[45:60] = b"\xff" * 15
    path.write_bytes(whole)
    source = read_source(str(path))
    assert list(source.texts) == ["en/c.md"]
    assert source.left_out == (
        "en/a.md is left out: it can't be unpacked (error)",
        "en/b.html is left out: its elements are nested too deeply",
    )
