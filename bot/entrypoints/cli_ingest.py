"""The commands about what is in the collection: ingest, sources."""

from __future__ import annotations

import json
import re
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from rag import RagError
from rag.settings import RagSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.entrypoints.commands.ingest import Ingested, IngestRequest
    from rag.domain import Passage
    from rag.ingest.indexing import IngestReport
    from rag.ingest.loss import PageLoss

WORST_PAGES = 20
ADDRESSES = 5
out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True, highlight=False)


def ingest(  # noqa: PLR0913 - a command's options
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders; .zip files or https addresses of one; .md, .mdx, .html, .pdf or .txt files, and with the "
            "extra milvusfaq[formats] .rst, .adoc, .org, .ipynb, .docx, .odt, .epub.",
            show_default=False,
        ),
    ] = None,
    *,
    only: Annotated[str, typer.Option(help="Keep the pages below this folder of the source, like en/faq.")] = "",
    name: Annotated[str, typer.Option(help="What to call the source instead of the last part of its path.")] = "",
    docs_version: Annotated[
        str, typer.Option(help="The docs version that the source holds, like 2.4, where Milvus' docs do not tell it.")
    ] = "",
    base_url: Annotated[
        str, typer.Option(help="Where the pages are shown: https://docs.example.com/ or with {path} or {file} in it.")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of a source of this name that came from elsewhere.")
    ] = False,
    recreate: Annotated[bool, typer.Option("--recreate", help="Start the collection anew, with these alone.")] = False,
    remove: Annotated[str, typer.Option(help="Take the source of this name out of the collection.")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Show what of each page would be stored, and write nothing.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where a file is left out.")] = False,
) -> None:
    """Bring documents into Milvus. Without SOURCES: the Milvus docs of the tutorial (2.4), from GitHub."""
    from bot.entrypoints.commands.ingest import IngestRequest, run_ingest, run_remove

    if docs_version and not re.fullmatch(r"\d+\.\d+", docs_version):
        raise RagError(f"--docs-version {docs_version} is not a version like 2.4.")
    if name and len(sources or ()) > 1:
        raise RagError("--name goes with one source.")
    if base_url and not re.match(r"https?://[^\s/]+", base_url):
        raise RagError(f"--base-url {base_url} is not an address like https://docs.example.com/.")
    if remove:
        _print_removed(run_remove(err, remove, settings=RagSettings()), remove)
        return
    request = IngestRequest(
        locations=tuple(sources or ()),
        only=only,
        name=name,
        version=docs_version,
        base_url=base_url,
        replaces=replace,
        recreate=recreate,
    )
    left_out = _check(request) if check else _print_ingested(run_ingest(err, request, settings=RagSettings()))
    if strict and left_out:
        raise typer.Exit(1)


def sources(*, as_json: Annotated[bool, typer.Option("--json", help="A JSON list of sources.")] = False) -> None:
    """Show what is in the collection: name, kind, pages, passages, docs version, when, from where."""
    from bot.entrypoints.commands.ingest import list_sources

    found = list_sources(RagSettings())
    if as_json:
        rows = [{field: getattr(one, field) for field in one.__dataclass_fields__} for one in found]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=4) + "\n")
        return
    table = Table("source", "kind", "pages", "passages", "docs", "when", "from", box=None, pad_edge=False)
    for one in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at)) if one.at else ""
        table.add_row(one.name, one.kind, str(one.pages), str(one.passages), one.version, when, one.location)
    out.print(table)


def _print_ingested(done: Ingested) -> int:
    """Print what an ingest did; return how many files were left out."""
    report = done.report
    for line in done.left_out:
        err.print(f"milvusfaq: {line}", style="yellow", markup=False)
    made = f"{_count(report.new + report.kept, 'passage')} from {_count(done.pages, 'page')}"
    out.print(f"{made} in {done.seconds:.1f} s: {_changes(report)}.", markup=False)
    if done.left_out:
        out.print(f"Left out: {_count(len(done.left_out), 'file')}, each with its reason above.", markup=False)
    if done.passed_over:
        out.print(f"Passed over, since they are no documents: {done.passed_over}.", markup=False)
    for line in done.frames:
        out.print(line, markup=False)
    if not report.changed:
        out.print("Nothing has changed; the collection is as it was.")
    if report.multilingual_anew:
        out.print("Questions in other languages find them by MULTILINGUAL as it is set now.")
    if report.starter_left:
        out.print("The starter FAQ has made way for them.")
    return len(done.left_out)


def _print_removed(report: IngestReport, name: str) -> None:
    out.print(f"{name} is gone: {_count(report.removed, 'passage')} removed.", markup=False)


def _changes(report: IngestReport) -> str:
    return f"{report.new} new, {report.kept} unchanged, {report.removed} removed"


def _check(request: IngestRequest) -> int:
    """Print what of each page would be stored, the worst pages first; return how many files would be left out."""
    from bot.entrypoints.commands.ingest import frame_lines, load, passed_over_line, read_sources
    from rag.ingest.addresses import try_addresses
    from rag.ingest.loss import page_losses
    from rag.ingest.sources import TUTORIAL_ARCHIVE

    read = read_sources(request)
    loaded = load(read, lambda *_: None)
    places = zip(request.locations or [TUTORIAL_ARCHIVE], read, strict=True)
    losses = [loss for location, source in places for loss in page_losses(location, source)]
    worst = sorted(losses, key=lambda loss: (loss.kept_share - loss.added_share, loss.path))
    odd = [loss for loss in worst if loss.kept < loss.seen or loss.kept < loss.stored]
    if odd:
        _print_worst(odd)
    seen, kept, stored = (sum(getattr(loss, part) for loss in losses) for part in ("seen", "kept", "stored"))
    out.print(
        f"{_count(len(losses), 'page')}, {seen} words: {kept / max(1, seen):.4f} kept, "
        f"{(stored - kept) / max(1, stored):.4f} of what is stored added; {_count(len(loaded.passages), 'passage')}."
    )
    if framing := sum(loss.framing for loss in losses):
        out.print(f"Around the content, and left out: {_count(framing, 'word')} of navigation, headers and footers.")
    for line in loaded.left_out:
        out.print(line, style="yellow", markup=False)
    for line in frame_lines(read):
        out.print(line, markup=False)
    if passed := passed_over_line(read):
        out.print(f"Passed over, since they are no documents: {passed}.", markup=False)
    addresses = _some_addresses(loaded.passages)
    for address, found in try_addresses(addresses) if request.base_url else ((one, "") for one in addresses):
        out.print(f"An address: {address}{found and f' ({found})'}", markup=False)
    return len(loaded.left_out)


def _print_worst(losses: Sequence[PageLoss]) -> None:
    out.print("  kept   added   words  around  page", markup=False)
    for loss in losses[:WORST_PAGES]:
        shares = f"{loss.kept_share:.4f}  {loss.added_share:.4f}  {loss.seen:>6}  {loss.framing:>6}"
        out.print(f"{shares}  {loss.path}", markup=False)
        for what, words in (("lost", loss.first_lost), ("added", loss.first_added)):
            if words:
                out.print(f"{' ' * 34}{what}: {' '.join(words)}", markup=False)
    if len(losses) > WORST_PAGES:
        out.print(f"… and {_count(len(losses) - WORST_PAGES, 'page')} more with less of it.")


def _some_addresses(passages: Sequence[Passage]) -> list[str]:
    """Return addresses of pages that lie far apart in the source."""
    pages = list({passage.path: passage.url for passage in passages if passage.url}.values())
    return pages[:: max(1, len(pages) // ADDRESSES)][:ADDRESSES]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
