"""`milvusfaq ingest`: from sources to an indexed collection, with its progress."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rag.ingest.chunking import make_passages, page_paths
from rag.ingest.indexing import IngestReport, index
from rag.ingest.sources import TUTORIAL_ARCHIVE, read_source
from rag.wiring import multilingual_encoder, open_index_to_write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from rag import Passage
    from rag.ingest.sources import Source
    from rag.settings import RagSettings


STEPS = ("load", "embed", "insert")


@dataclass(frozen=True, kw_only=True)
class IngestRequest:
    """What to bring in: from where, and how it differs from what the sources say of themselves ("" for not at all)."""

    locations: tuple[str, ...]
    only: str = ""
    name: str = ""
    version: str = ""


def run_ingest(
    console: Console, request: IngestRequest, *, settings: RagSettings, recreate: bool
) -> tuple[IngestReport, int, float]:
    """Ingest the sources; return the report, the number of pages and the seconds it took."""
    begun = time.monotonic()
    sources = [
        read_source(location, name=request.name or None, only=request.only, version=request.version)
        for location in request.locations or [TUTORIAL_ARCHIVE]
    ]
    for source in sources:
        for line in source.left_out:
            console.print(f"milvusfaq: {line}", style="yellow", markup=False)
    with _progress_bars(console) as bars, open_index_to_write(settings) as opened:
        show = _shower(bars)
        passages, pages = _load(sources, show)
        encoder = multilingual_encoder(settings)
        report = index(opened.store, opened.embedder, passages, recreate=recreate, multilingual=encoder, progress=show)
    return report, pages, time.monotonic() - begun


def _load(sources: Sequence[Source], show: Callable[[str, int, int], None]) -> tuple[list[Passage], int]:
    places = [(source, path) for source in sources for path in page_paths(source)]
    passages: list[Passage] = []
    for done, (source, path) in enumerate(places, start=1):
        passages += make_passages(source, path)
        show("load", done, len(places))
    return passages, len(places)


def _progress_bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<7}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _shower(bars: Progress) -> Callable[[str, int, int], None]:
    tasks = {step: bars.add_task(step, total=None, visible=False) for step in STEPS}

    def show(step: str, done: int, total: int) -> None:
        bars.update(tasks[step], completed=done, total=total, visible=True)

    return show
