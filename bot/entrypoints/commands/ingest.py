"""`milvusfaq ingest`: from sources to an indexed collection, with its progress."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rag import RagError
from rag.ingest.chunking import make_passages, page_paths
from rag.ingest.indexing import IngestPlan, IngestReport, index
from rag.ingest.sources import TUTORIAL_ARCHIVE, read_source
from rag.text.records import SourceRecord, is_same_tree
from rag.wiring import multilingual_encoder, open_index, open_index_to_write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from rag import Passage
    from rag.ingest.sources import Source
    from rag.settings import RagSettings
    from rag.wiring import Index


STEPS = ("load", "embed", "insert")
FRAME_SHOWN = 80
MOST_TOLD = 12
"""Suffixes and folders that are named one by one."""


@dataclass(frozen=True, kw_only=True)
class IngestRequest:
    """What to bring in: from where, and how it differs from what the sources say of themselves ("" for not at all).

    With `replaces`, a source may take the place of one of its name that came from elsewhere.
    """

    locations: tuple[str, ...]
    only: str = ""
    name: str = ""
    version: str = ""
    base_url: str = ""
    replaces: bool = False
    recreate: bool = False


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """What an ingest did: the report of the collection, pages that went in, lines on what did not, and the seconds.

    `passed_over` counts the files that are no documents; `frames` tells what is left out around the pages of a site.
    """

    report: IngestReport
    pages: int
    left_out: tuple[str, ...]
    passed_over: str
    frames: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Sources with their passages; `left_out` says why what is not in them is not."""

    sources: Sequence[Source]
    passages: Sequence[Passage]
    pages: int
    left_out: tuple[str, ...]


def read_sources(request: IngestRequest) -> list[Source]:
    """Read the sources that are asked for; raise IngestError for one that can't be read."""
    read = [
        read_source(location, name=request.name or None, only=request.only, version=request.version)
        for location in request.locations or [TUTORIAL_ARCHIVE]
    ]
    return [replace(source, base_url=request.base_url) for source in read]


def run_ingest(console: Console, request: IngestRequest, *, settings: RagSettings) -> Ingested:
    """Ingest the sources; raise IngestError for one whose name is another's."""
    begun = time.monotonic()
    sources = read_sources(request)
    with _progress_bars(console) as bars, open_index_to_write(settings) as opened:
        show = _shower(bars)
        known = {} if request.recreate else _records(opened)
        sources = [_with_known_address(source, known) for source in sources]
        loaded = load(sources, show)
        if not request.replaces and not request.name:
            _check_names(opened, loaded, known)
        plan = IngestPlan(passages=loaded.passages, sources=_recorded(sources), recreate=request.recreate)
        encoder = multilingual_encoder(settings)
        report = index(opened.store, opened.embedder, plan, multilingual=encoder, progress=show)
    seconds = time.monotonic() - begun
    return Ingested(
        report=report,
        pages=loaded.pages,
        left_out=loaded.left_out,
        passed_over=passed_over_line(sources),
        frames=frame_lines(sources),
        seconds=seconds,
    )


def run_remove(console: Console, name: str, *, settings: RagSettings) -> IngestReport:
    """Take a source out of the collection; raise RagError where there is none of that name, or no other."""
    with _progress_bars(console) as bars, open_index_to_write(settings) as opened:
        known = _records(opened)
        if name not in known:
            message = f"There is no source {name!r}; there are {', '.join(known) or 'none'}."
            raise RagError(message)
        if len(known) == 1:
            message = f"{name} is the only source, and a collection without any answers nothing."
            raise RagError(message, hint="Ingest another one first, or put it in its place: ingest --recreate SOURCE")
        plan = IngestPlan(removed=frozenset({name}))
        encoder = multilingual_encoder(settings)
        return index(opened.store, opened.embedder, plan, multilingual=encoder, progress=_shower(bars))


def list_sources(settings: RagSettings) -> list[SourceRecord]:
    """Return what is in the collection."""
    with open_index(settings) as opened:
        return list(_records(opened).values())


def load(sources: Sequence[Source], show: Callable[[str, int, int], None]) -> Loaded:
    """Return the sources' passages; a page that gives none, or can't be cut, is told and the rest goes in."""
    places = [(source, path) for source in sources for path in page_paths(source)]
    passages: list[Passage] = []
    left_out = [line for source in sources for line in source.left_out]
    pages = 0
    for done, (source, path) in enumerate(places, start=1):
        try:
            made = make_passages(source, path)
        except Exception as error:  # noqa: BLE001 - one odd page never ends an ingest
            left_out.append(f"{path} is left out: it can't be cut into passages ({type(error).__name__})")
            continue
        if not made:
            left_out.append(f"{path} is left out: it holds no text below its headings")
        passages += made
        pages += bool(made)
        show("load", done, len(places))
    return Loaded(sources=sources, passages=passages, pages=pages, left_out=tuple(left_out))


def passed_over_line(sources: Sequence[Source]) -> str:
    """Return how many files of which kind are no documents; "" for none."""
    counts = sum((source.passed_over for source in sources), Counter[str]())
    told = [f"{count} {kind}" for kind, count in counts.most_common(MOST_TOLD)]
    more = counts.total() - sum(count for _, count in counts.most_common(MOST_TOLD))
    return ", ".join([*told, *([f"{more} others"] if more else [])])


def frame_lines(sources: Sequence[Source]) -> tuple[str, ...]:
    """Return a line for each site whose pages share what stands around them."""
    lines = []
    for source in sources:
        if source.framed:
            first = next(iter(source.framed.values()))
            words = " ".join(f"{first.top}\n{first.bottom}".split())[:FRAME_SHOWN]
            lines.append(f"Left out around {len(source.framed)} pages of {source.name}, the same on each: “{words}…”")
    return tuple(lines)


def _records(opened: Index) -> dict[str, SourceRecord]:
    return {record.name: record for record in opened.store.sources()}


def _with_known_address(source: Source, known: dict[str, SourceRecord]) -> Source:
    """Return a source with the address that it was given before, where none is given now."""
    before = known.get(source.name)
    return replace(source, base_url=before.base_url) if before and not source.base_url else source


def _recorded(sources: Sequence[Source]) -> list[SourceRecord]:
    now = time.time()
    return [
        SourceRecord(name=one.name, kind=one.kind, location=one.location, at=now, base_url=one.base_url)
        for one in sources
    ]


def _check_names(opened: Index, loaded: Loaded, known: dict[str, SourceRecord]) -> None:
    """Refuse a name that came from elsewhere before, unless it is the same tree, unpacked in another place."""
    names = Counter(source.name for source in loaded.sources)
    for source in loaded.sources:
        before = known.get(source.name)
        if names[source.name] > 1:
            message = f"Two of these sources are called {source.name!r}: the second would replace the first."
            raise RagError(message, hint="Ingest them one by one, each with a --name of its own.")
        if not before or before.location in ("", source.location):
            continue
        now = [passage for passage in loaded.passages if passage.source == source.name]
        if not is_same_tree(opened.store.pages_of(source.name), now):
            message = f"A source {source.name!r} is here already, and came from {before.location}."
            raise RagError(message, hint="Give this one a --name of its own, or --replace the other with it.")


def _progress_bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<7}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _shower(bars: Progress) -> Callable[[str, int, int], None]:
    tasks = {step: bars.add_task(step, total=None, visible=False) for step in STEPS}

    def show(step: str, done: int, total: int) -> None:
        bars.update(tasks[step], completed=done, total=total, visible=True)

    return show
