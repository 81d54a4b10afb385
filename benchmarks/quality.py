"""Print the tables of docs/quality.md: a table a question set, ours beside plain cosine, BM25 and the tutorial's way.

    python -m benchmarks.quality DOCS.zip QUESTIONS.jsonl [--posts F] [--foreign F] [--remarks F] [--ablation]

The docs and their FAQ alone are ingested into Milvus Lite, in a temporary folder or in that of --kept, where they stay
for the next run. Cross-validated figures are of the ranking's weights, learned from the questions and the posts without
those of the same page. --ablation adds what each part of finding and hearing is worth: one switched off at a time.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks import tune
from benchmarks.ablation import ablation_lines
from benchmarks.judging import told_lines
from benchmarks.question_sets import QuestionSet, all_posts, posts, questions, remarks
from benchmarks.ways import COSINE, OURS, TUTORIAL, tutorial, ways
from bot.entrypoints.commands.ingest import IngestRequest, run_ingest
from rag.evaluation import difference, interval, read_cases
from rag.retrieval.ranking import FEATURES
from rag.settings import RagSettings
from rag.wiring import open_retriever

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.ways import Search
    from rag.retrieval.retriever import HybridRetriever

FAQ_ONLY = "en/faq"


@dataclass(frozen=True, slots=True)
class Collection:
    """An open collection, how it is searched, and what is asked of it."""

    retriever: HybridRetriever
    searches: Mapping[str, Search]
    sets: Sequence[QuestionSet]


def table(asked: QuestionSet, searches: Mapping[str, Search], cross_validated: str) -> Iterator[str]:
    """Yield the lines of one question set's table."""
    yield f"\n{asked.name} ({len(asked.rows)})\n"
    yield "| | hit@3 [95 %] | hit@10 [95 %] | hit@3 beside plain cosine, in pairs | hit@3, cross-validated |"
    yield "|---|---|---|---|---|"
    found = {name: [row.hits(search(row.question)) for row in asked.rows] for name, search in searches.items()}
    for name, hits in found.items():
        pairs = [(ours[0], theirs[0]) for ours, theirs in zip(hits, found[COSINE], strict=True)]
        gain, low, high = difference(pairs)
        beside = "" if name == COSINE else f"{gain:+.3f} [{low:+.2f}, {high:+.2f}]"
        cells = [_share([hit[k] for hit in hits]) for k in (0, 1)]
        yield f"| {name} | {cells[0]} | {cells[1]} | {beside} | {cross_validated if name == OURS else ''} |"


def _share(values: Sequence[float]) -> str:
    low, high = interval(values)
    return f"{sum(values) / len(values):.3f} [{low:.2f}, {high:.2f}]"


@contextmanager
def open_collections(options: argparse.Namespace, folder: Path) -> Iterator[list[Collection]]:
    """Open the FAQ alone and the whole docs, made where they are not there yet."""
    with ExitStack() as stack:
        opened = []
        for name, only, scopes in (("FAQ", FAQ_ONLY, ["faq"]), ("Whole docs", "", ["faq", "full"])):
            settings = RagSettings(milvus_uri=f"{folder}/{name.replace(' ', '_').lower()}.db", _env_file=None)
            if not Path(settings.milvus_uri).exists():
                request = IngestRequest(locations=(options.archive,), only=only)
                run_ingest(Console(stderr=True), request, settings=settings)
            retriever = stack.enter_context(open_retriever(settings))
            searches = {TUTORIAL: tutorial(options.archive, only), **ways(retriever)}
            opened.append(Collection(retriever, searches, list(_sets(options, name, scopes, retriever.store.paths()))))
        yield opened


def _sets(options: argparse.Namespace, name: str, scopes: Sequence[str], pages: set[str]) -> Iterator[QuestionSet]:
    for language, rows in questions(options.questions, scopes, pages).items():
        yield QuestionSet(f"{name}, {language}", rows)
    if options.foreign:
        for language, rows in questions(options.foreign, scopes, pages).items():
            yield QuestionSet(f"{name}, {language}, more", rows)
    if options.posts and "full" in scopes:
        yield QuestionSet("Posts as people write them, by page", posts(options.posts, pages))


def cross_validated(options: argparse.Namespace, retriever: HybridRetriever) -> dict[str, str]:
    """Return hit@3 of rows whose right page the weights have not seen, by the name of their set."""
    cases = [case for case in read_cases(options.questions, ["faq", "full"]) if case.kind != "multilingual"]
    examples = tune.collect(retriever, cases)
    examples += tune.collect_posts(retriever, options.posts) if options.posts else []
    found = tune.cross_validate(examples, range(len(FEATURES)))
    names = {"faq": "FAQ, English", "full": "Whole docs, English", "post": "Posts as people write them, by page"}
    return {names[corpus]: _share([float(hits[0]) for hits in figures]) for corpus, figures in found.items()}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive")
    parser.add_argument("questions", type=Path)
    parser.add_argument("--posts", type=Path, help="posts with their right pages")
    parser.add_argument("--foreign", type=Path, help="more questions in other languages")
    parser.add_argument("--remarks", type=Path, help="what people write in a support channel")
    parser.add_argument("--kept", type=Path, help="a folder where the collections stay")
    parser.add_argument("--ablation", action="store_true")
    options = parser.parse_args()
    out = Console(soft_wrap=True, highlight=False, markup=False)
    with TemporaryDirectory() as folder, open_collections(options, options.kept or Path(folder)) as collections:
        whole = collections[-1].retriever
        unseen = cross_validated(options, whole)
        for collection in collections:
            for asked in collection.sets:
                out.print(*table(asked, collection.searches, unseen.get(asked.name, "")), sep="\n")
        heard = {"Remarks": remarks(options.remarks)} if options.remarks else {}
        heard |= {"Posts": all_posts(options.posts, whole.store.paths())} if options.posts else {}
        if heard:
            out.print(*told_lines(heard, whole), sep="\n")
        if options.ablation:
            for line in ablation_lines([(one.retriever, one.sets) for one in collections], heard):
                out.print(line)


if __name__ == "__main__":
    main()
