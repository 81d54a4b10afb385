"""This file is where sources are opened, the good and the bad."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from rag import IngestError
from rag.ingest import sources
from rag.ingest.chunking import make_passages, page_paths
from rag.ingest.sources import read_source
from tests.standins.server import StandInServer

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
    layers: dict[str, bytes | str] = {f"en/{n}.md": b"0" * sources.MAX_FILE_BYTES for n in range(40)}
    with pytest.raises(IngestError, match="would unpack to more than 256 MiB"):
        zip_source(tmp_path, layers)


def test_one_huge_page_is_left_out(tmp_path: Path) -> None:
    source = zip_source(tmp_path, {"en/huge.md": b"0" * (sources.MAX_FILE_BYTES + 1), "en/good.md": "# Good\ntext"})
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


class Files(StandInServer):
    """An address that serves an archive, one page that is none, and a redirect."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/docs_2.3.x.zip", self._archive),
            web.get("/page", self._page),
            web.get("/latest.zip", self._moved),
            web.get("/to/{place:.*}", self._elsewhere),
        ]

    async def _archive(self, _: web.Request) -> web.Response:
        return web.Response(body=make_zip({"en/a.md": "# A\ntext"}))

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="<html>not an archive")

    async def _moved(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/docs_2.3.x.zip")

    async def _elsewhere(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(request.match_info["place"] or request.path)


def test_an_address_is_fetched_and_followed() -> None:
    with Files() as server:
        source = read_source(f"http://127.0.0.1:{server.port}/docs_2.3.x.zip")
        moved = read_source(f"http://127.0.0.1:{server.port}/latest.zip")
        with pytest.raises(IngestError, match=r"is not a \.zip"):
            read_source(f"http://127.0.0.1:{server.port}/page")
        with pytest.raises(IngestError, match=r"can't be fetched \(Client error '404"):
            read_source(f"http://127.0.0.1:{server.port}/gone.zip")
    assert (source.name, source.version, list(source.texts)) == ("docs_2.3.x", "2.3", ["en/a.md"])
    assert (moved.name, list(moved.texts)) == ("latest", ["en/a.md"])


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("https://localhost:1/x.zip", "https://localhost, which is not a public https address: refused"),
        ("https://10.0.0.1/x.zip", "https://10.0.0.1, which is not a public https address: refused"),
        ("https://169.254.169.254/latest/meta-data", "https://169.254.169.254, which is not a public"),
        ("https://[::1]/x.zip", "https://::1, which is not a public https address: refused"),
        ("http://93.184.215.14/x.zip", "http://93.184.215.14, which is not a public https address: refused"),
        ("file:///etc/passwd", "file://127.0.0.1, which is not a public https address: refused"),
        ("https://[64:ff9b::a00:5]/x.zip", "https://64:ff9b::a00:5, which is not a public"),
        ("https://[2002:7f00:1::1]/x.zip", "https://2002:7f00:1::1, which is not a public"),
        ("https://[::127.0.0.1]/x.zip", "which is not a public https address: refused"),
        ("https://224.0.0.1/x.zip", "https://224.0.0.1, which is not a public https address: refused"),
        ("", "leads from one address to the next without an end: refused"),
    ],
)
def test_a_redirect_into_the_operators_own_network_is_refused(target: str, line: str) -> None:
    with Files() as server, pytest.raises(IngestError, match=re.escape(line)):
        read_source(f"http://127.0.0.1:{server.port}/to/{target}")


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}.md").write_text("# Page\ntext")
    with pytest.raises(IngestError, match="holds more than"):
        read_source(str(tmp_path))


def test_a_download_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "DOWNLOAD_LIMIT_S", -1.0)
    with Files() as server, pytest.raises(IngestError, match="has not come whole in"):
        read_source(f"http://127.0.0.1:{server.port}/docs_2.3.x.zip")


@pytest.mark.parametrize(
    ("version", "url"),
    [("2.4", "https://milvus.io/docs/v2.4.x/a.md#One-thing"), ("3.0", "https://milvus.io/docs/a.md#One-thing")],
)
def test_an_address_names_an_old_version_and_not_the_newest(tmp_path: Path, version: str, url: str) -> None:
    path = tmp_path / f"milvus_docs_{version}.x_en.zip"
    path.write_bytes(make_zip({"en/deep/a.md": "---\ntitle: A\n---\n## One thing\ntext"}))
    (passage,) = make_passages(read_source(str(path)), "en/deep/a.md")
    assert (passage.url, passage.version, passage.path) == (url, version, "deep/a.md")
