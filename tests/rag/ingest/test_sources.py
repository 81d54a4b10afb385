"""Sources: folders, files, archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rag import IngestError
from rag.ingest import sources
from rag.ingest.chunking import make_passages, page_paths
from rag.ingest.sources import read_source
from tests.rag.ingest.test_archive import make_zip, zip_source

if TYPE_CHECKING:
    from pathlib import Path


def test_an_archive_knows_its_name_version_and_pages(tmp_path: Path) -> None:
    source = zip_source(tmp_path, {"en/faq/a.md": "# A\ntext", "en/b.md": "# B\ntext", "en/x.png": b"\x89"})
    assert (source.name, source.version) == ("milvus_docs_2.4.x_en", "2.4")
    assert page_paths(source) == ["en/b.md", "en/faq/a.md"]


def test_only_keeps_a_folder_and_what_its_pages_include(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {
        "en/faq/a.md": "# A\n{{var.v}} {{fragments/f.md}}",
        "en/fragments/f.md": "included",
        "en/faqs/b.md": "# B",
        "en/Variables.json": '{"v": "1"}',
    }
    source = zip_source(tmp_path, members, only="en/faq/")
    assert page_paths(source) == ["en/faq/a.md"]
    assert make_passages(source, "en/faq/a.md")[0].text == "1 included"


def test_a_folder_and_a_single_file_are_sources(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "restart.md").write_text("# Restart\nTurn it off and on.")
    (tmp_path / "runbooks" / ".hidden.md").write_text("# Hidden")
    folder = read_source(str(tmp_path / "runbooks"))
    single = read_source(str(tmp_path / "runbooks" / "restart.md"), name="ours")
    assert (folder.name, list(folder.texts)) == ("runbooks", ["restart.md"])
    assert (single.name, list(single.texts)) == ("ours", ["restart.md"])
    assert make_passages(single, "restart.md")[0].url == ""


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("# Outside\nsecret")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "link.md").symlink_to(tmp_path / "outside.md")
    (tmp_path / "docs" / "page.md").write_text("# Page\ntext")
    source = read_source(str(tmp_path / "docs"))
    assert list(source.texts) == ["page.md"]
    assert source.left_out == ("link.md is left out: it is a link that leads out of the folder",)


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}.md").write_text("# Page\ntext")
    with pytest.raises(IngestError, match="holds more than"):
        read_source(str(tmp_path))


@pytest.mark.parametrize(
    ("version", "url"),
    [("2.4", "https://milvus.io/docs/v2.4.x/a.md#One-thing"), ("3.0", "https://milvus.io/docs/a.md#One-thing")],
)
def test_an_address_names_an_old_version_and_not_the_newest(tmp_path: Path, version: str, url: str) -> None:
    path = tmp_path / f"milvus_docs_{version}.x_en.zip"
    path.write_bytes(make_zip({"en/deep/a.md": "---\ntitle: A\n---\n## One thing\ntext"}))
    (passage,) = make_passages(read_source(str(path)), "en/deep/a.md")
    assert (passage.url, passage.version, passage.path) == (url, version, "deep/a.md")


def test_a_version_is_told_by_the_name_the_variables_or_the_caller(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "en"
    folder.mkdir(parents=True)
    (folder / "a.md").write_text("# A\n\ntext")
    assert read_source(str(tmp_path / "docs")).version == ""
    (folder / "Variables.json").write_text('{"milvus_release_version": "2.5.4"}')
    assert read_source(str(tmp_path / "docs")).version == "2.5"
    assert read_source(str(tmp_path / "docs"), version="2.6").version == "2.6"
