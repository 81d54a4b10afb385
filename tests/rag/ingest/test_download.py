"""Downloads, and where they may lead."""

from __future__ import annotations

import re

import pytest
from aiohttp import web

from rag import IngestError
from rag.ingest import download
from rag.ingest.sources import read_source
from tests.rag.ingest.test_archive import make_zip
from tests.standins.server import StandInServer


class Files(StandInServer):
    """An address that serves an archive, one page that is none, and a redirect."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/milvus_docs_2.3.x.zip", self._archive),
            web.get("/page", self._page),
            web.get("/latest.zip", self._moved),
            web.get("/to/{place:.*}", self._elsewhere),
        ]

    async def _archive(self, _: web.Request) -> web.Response:
        return web.Response(body=make_zip({"en/a.md": "# A\ntext"}))

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="<html>not an archive")

    async def _moved(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/milvus_docs_2.3.x.zip")

    async def _elsewhere(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(request.match_info["place"] or request.path)


def test_an_address_is_fetched_and_followed() -> None:
    with Files() as server:
        source = read_source(f"http://127.0.0.1:{server.port}/milvus_docs_2.3.x.zip")
        moved = read_source(f"http://127.0.0.1:{server.port}/latest.zip")
        with pytest.raises(IngestError, match=r"is not a \.zip"):
            read_source(f"http://127.0.0.1:{server.port}/page")
        with pytest.raises(IngestError, match=r"can't be fetched \(Client error '404"):
            read_source(f"http://127.0.0.1:{server.port}/gone.zip")
    assert (source.name, source.version, list(source.texts)) == ("milvus_docs_2.3.x", "2.3", ["en/a.md"])
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


def test_a_download_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "DOWNLOAD_LIMIT_S", -1.0)
    with Files() as server, pytest.raises(IngestError, match="has not come whole in"):
        read_source(f"http://127.0.0.1:{server.port}/milvus_docs_2.3.x.zip")
