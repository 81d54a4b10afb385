"""Archives, the good and the bad."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from rag import IngestError
from rag.ingest import archive, sources
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
            "en/latin.md": "Un caf\xe9 \xe0 l'\xe9tage, s'il vous pla\xeet.".encode("latin-1"),
            "en/empty.md": " \n",
            "en/binary.md": "a\0b",
            "../../climber.md": "# Evil\nclimbs",
            "/etc/absolute.md": "# Evil\nabsolute",
            "C:\\windows.md": "# Evil\nwindows",
        },
    )
    assert source.texts == {
        "en/good.md": "# Good\ntext",
        "en/latin.md": "Un caf\xe9 \xe0 l'\xe9tage, s'il vous pla\xeet.",
    }
    assert sorted(source.left_out) == [
        "../../climber.md is left out: its path climbs out of the archive",
        "/etc/absolute.md is left out: its path climbs out of the archive",
        "C:\\windows.md is left out: its path climbs out of the archive",
        "en/binary.md is left out: it is not text",
        "en/empty.md is left out: it is empty",
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


@pytest.mark.parametrize(
    ("name", "encoding", "text"),
    [
        ("手册/重启.md", "gbk", "# 重启\n\n按红色按钮重启。"),
        ("設定ガイド.md", "cp932", "# 設定\n\nこのページは設定のガイドです。"),
        ("설명서.md", "cp949", "# 설명서\n\n이 페이지는 설명서입니다."),
        ("инструкция.md", "cp866", "# Загрузка\n\nЗагрузка коллекции."),  # noqa: RUF001 - Russian on purpose
        ("größe.md", "utf-8", "# Size\n\nText."),
    ],
)
def test_names_that_windows_wrote_are_read(tmp_path: Path, name: str, encoding: str, text: str) -> None:
    path = tmp_path / "docs.zip"
    raw = name.encode(encoding)
    path.write_bytes(make_zip({"x" * len(raw): text}).replace(b"x" * len(raw), raw))  # without the mark of UTF-8
    assert list(read_source(str(path)).texts) == [name]


def test_folders_of_tools_are_left_alone_and_counted(tmp_path: Path) -> None:
    for place in ("docs/a.md", "docs/.git/b.md", "docs/node_modules/c/d.md", "docs/x.png", "docs/y.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("# Page\n\ntext")
    source = read_source(str(tmp_path / "docs"))
    assert list(source.texts) == ["a.md"]
    assert source.passed_over == {".git/": 1, "node_modules/": 1, ".png": 2}


def test_one_odd_file_never_ends_an_ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(path: str, content: bytes) -> str:
        if path == "odd.md":
            raise ZeroDivisionError("integer modulo by zero")
        return content.decode()

    monkeypatch.setattr(sources, "markdown_of", odd)
    for name in ("a.md", "odd.md"):
        (tmp_path / name).write_text("# Page\n\ntext")
    source = read_source(str(tmp_path))
    assert list(source.texts) == ["a.md"]
    assert source.left_out == ("odd.md is left out: it can't be read (ZeroDivisionError: integer modulo by zero)",)
