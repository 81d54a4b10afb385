"""Print the table of docs/quality.md: how often each way of searching finds the right section.

    python -m benchmarks.quality DOCS.zip QUESTIONS.jsonl

The docs' FAQ and the whole docs are ingested into Milvus Lite in a temporary folder. The first row is the Milvus
tutorial's pipeline (split at "# ", dense, the question alone); the others search our passages, the user's previous turn
before a follow-up: by meaning, by words, both with BM25 at a hundredth, and as the bot does it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from bot.entrypoints.commands.ingest import IngestRequest, run_ingest
from rag.backends.embedding import open_bundled
from rag.domain import Passage
from rag.evaluation import DEPTH, Scored, interval, read_cases, score, summarise
from rag.ingest.chunking import page_paths
from rag.ingest.sources import read_source
from rag.query.search_plan import search_text
from rag.settings import RagSettings
from rag.text.terms import passage_vector, query_vector, terms
from rag.wiring import open_retriever

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rag.evaluation import Case
    from rag.retrieval.retriever import HybridRetriever


def tutorial(archive: str, only: str) -> Callable[[Case], Sequence[Passage]]:
    """Return the tutorial's search: pieces between "# ", the nearest by inner product."""
    source, embedder = read_source(archive, only=only), open_bundled()
    passages = [
        Passage(
            id="",
            source="",
            path=path.removeprefix("en/"),
            title="",
            headings=(piece.partition("\n")[0].strip(),),
            url="",
            version="",
            text=piece,
        )
        for path in page_paths(source)
        for piece in source.texts[path].split("# ")
        if piece.strip()
    ]
    table = np.stack(embedder.encode_documents([passage.text for passage in passages]))

    def search(case: Case) -> Sequence[Passage]:
        (query,) = embedder.encode_queries([case.question.text])
        return [passages[i] for i in np.argsort(-(table @ query))[:DEPTH]]

    return search


def ways(retriever: HybridRetriever) -> dict[str, Callable[[Case], Sequence[Passage]]]:
    """Return the searches over one collection, by name."""
    store = retriever.store

    def dense(case: Case) -> Sequence[Passage]:
        (query,) = retriever.embedder.encode_queries([search_text(case.question)])
        return [found.passage for found in store.search_dense(query, limit=DEPTH)]

    def lexical(case: Case) -> Sequence[Passage]:
        return [found.passage for found in store.search_sparse(_rarities(case), limit=DEPTH)]

    def _rarities(case: Case) -> dict[int, float]:
        return query_vector({term: retriever.vocabulary.rarity(term) for term in terms(search_text(case.question))})

    def hybrid(case: Case) -> Sequence[Passage]:
        (query,) = retriever.embedder.encode_queries([search_text(case.question)])
        found = [*store.search_dense(query, limit=50), *store.search_sparse(_rarities(case), limit=50)]
        by_id = {candidate.passage.id: candidate for candidate in found}
        worded = _rarities(case)
        scores = {
            id_: float(candidate.subvectors[0] @ query) + 0.01 * _bm25(candidate.passage, worded)
            for id_, candidate in by_id.items()
        }
        return [by_id[id_].passage for id_ in sorted(scores, key=lambda id_: -scores[id_])[:DEPTH]]

    def whole(case: Case) -> Sequence[Passage]:
        return retriever.search_now(case.question, limit=DEPTH).passages

    return {"dense": dense, "lexical (BM25)": lexical, "dense + .01 BM25": hybrid, "the bot: hybrid, re-ranked": whole}


def _bm25(passage: Passage, worded: dict[int, float]) -> float:
    vector = passage_vector(terms(f"{passage.label}\n{passage.text}"))
    return sum(weight * vector.get(dimension, 0.0) for dimension, weight in worded.items())


def row(name: str, search: Callable[[Case], Sequence[Passage]], cases: Sequence[Case], pages: set[str]) -> str:
    """Return a line of the table: English questions with an interval, the others apart."""
    scored = [
        Scored(case=case, score=figures) for case in cases if (figures := score(case, search(case), pages)) is not None
    ]
    groups = summarise(scored)
    english, others = groups["English"], groups.get("multilingual", [])
    low, high = interval([found.score.hit3 for found in english])
    cells = [_mean(english, figure) for figure in ("hit3", "hit5", "mrr")]
    return f"| {name} | {cells[0]} [{low:.2f}, {high:.2f}] | {cells[1]} | {cells[2]} | {_mean(others, 'hit3')} |"


def _mean(rows: Sequence[Scored], figure: str) -> str:
    return f"{sum(getattr(found.score, figure) for found in rows) / max(1, len(rows)):.3f}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive")
    parser.add_argument("questions", type=Path)
    options = parser.parse_args()
    out = Console(soft_wrap=True, highlight=False, markup=False)
    for corpus, only, scopes in (("FAQ", "en/faq", ["faq"]), ("Whole docs", "", ["faq", "full"])):
        cases = read_cases(options.questions, scopes)
        with TemporaryDirectory() as folder:
            settings = RagSettings(milvus_uri=f"{folder}/milvus.db", _env_file=None)
            run_ingest(
                Console(stderr=True),
                IngestRequest(locations=(options.archive,), only=only),
                settings=settings,
                recreate=False,
            )
            out.print(
                f"\n{corpus}\n\n| | hit@3, English | hit@5 | MRR | hit@3, other languages |\n|---|---|---|---|---|"
            )
            with open_retriever(settings) as retriever:
                pages = retriever.store.paths()
                searches = {"the tutorial's pipeline": tutorial(options.archive, only), **ways(retriever)}
                for name, search in searches.items():
                    out.print(row(name, search, cases, pages))


if __name__ == "__main__":
    main()
