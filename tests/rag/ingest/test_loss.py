"""The loss of a page, and its addresses tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from rag.ingest.addresses import try_addresses
from rag.ingest.loss import PageLoss, page_losses
from rag.ingest.sources import read_source
from tests.standins.server import StandInServer

if TYPE_CHECKING:
    from pathlib import Path


def losses_of(folder: Path, **pages: str) -> dict[str, PageLoss]:
    for name, text in pages.items():
        (folder / name.replace("_", ".")).write_text(text)
    return {loss.path: loss for loss in page_losses(str(folder), read_source(str(folder)))}


def test_what_is_stored_of_a_page_is_what_is_seen(tmp_path: Path) -> None:
    found = losses_of(
        tmp_path,
        a_md="# A\n\nSee [the _query_ node](q.md).\n\n```md\n[x](y) {{ z }}\n```\n\n1. one\n\n<script>no</script>",
        b_md="# 创建\n\n请考虑[创建一个完整的团队页面](x.md)类似于。",
        c_html="<nav>Home and more</nav><main><h1>C</h1><p><b>V</b>ectors 2<sup>32</sup></p></main>",
    )
    assert {path: (loss.kept_share, loss.added_share) for path, loss in found.items()} == dict.fromkeys(
        found, (1.0, 0.0)
    )
    assert (found["c.html"].seen, found["c.html"].framing) == (4, 3)
    assert found["b.md"].seen == 19


def test_words_that_are_not_stored_are_named(tmp_path: Path) -> None:
    (loss,) = losses_of(tmp_path, a_md="# A\n\ntext\n\n## Nothing below it\n").values()
    assert loss.first_lost == ("nothing", "below", "it")
    assert loss.kept_share == 0.4


class Site(StandInServer):
    """A site with one page."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/page", self._page)]

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="<h2 id='set-it-up'>Set it up</h2>", content_type="text/html")


def test_an_address_is_tried_with_its_heading() -> None:
    with Site() as site:
        here = f"http://127.0.0.1:{site.port}"
        found = dict(try_addresses([f"{here}/page", f"{here}/page#set-it-up", f"{here}/page#setup", f"{here}/gone"]))
    assert list(found.values()) == [
        "there",
        "there",
        "there, but no heading in it is called #setup",
        "not there (404)",
    ]
    away = dict(try_addresses([f"{here}/page", f"{here}/gone"]))
    assert away[f"{here}/page"].startswith("can't be reached (")
    assert away[f"{here}/gone"] == f"not tried, since 127.0.0.1:{site.port} can't be reached"
