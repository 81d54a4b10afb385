"""Ways of searching that ours is compared with: the Milvus tutorial's, by meaning, by words, and both together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag.backends.embedding import open_bundled
from rag.domain import Passage
from rag.evaluation import DEPTH
from rag.ingest.chunking import page_paths
from rag.ingest.sources import read_source
from rag.query.search_plan import search_text
from rag.text.terms import passage_vector, query_vector, terms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rag.domain import Question
    from rag.retrieval.retriever import HybridRetriever

    Search = Callable[[Question], Sequence[Passage]]

TUTORIAL, COSINE, BM25, SUM, OURS = (
    "the tutorial's pipeline",
    "cosine",
    "BM25",
    "cosine + .01 BM25",
    "the bot",
)
CANDIDATES = 50


def tutorial(archive: str, only: str) -> Search:
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

    def search(question: Question) -> Sequence[Passage]:
        (query,) = embedder.encode_queries([question.text])
        return [passages[i] for i in np.argsort(-(table @ query))[:DEPTH]]

    return search


def ways(retriever: HybridRetriever) -> dict[str, Search]:
    """Return the searches over one collection, by name; the user's previous turn stands before a follow-up."""
    store = retriever.store

    def cosine(question: Question) -> Sequence[Passage]:
        (query,) = retriever.embedder.encode_queries([search_text(question)])
        return [found.passage for found in store.search_dense([query], limit=DEPTH)[0]]

    def bm25(question: Question) -> Sequence[Passage]:
        return [found.passage for found in store.search_sparse([_rarities(question)], limit=DEPTH)[0]]

    def _rarities(question: Question) -> dict[int, float]:
        return query_vector({term: retriever.vocabulary.rarity(term) for term in terms(search_text(question))})

    def both(question: Question) -> Sequence[Passage]:
        (query,) = retriever.embedder.encode_queries([search_text(question)])
        worded = _rarities(question)
        (meant,), (by_words,) = (
            store.search_dense([query], limit=CANDIDATES),
            store.search_sparse([worded], limit=CANDIDATES),
        )
        found = [*meant, *by_words]
        by_id = {candidate.passage.id: candidate for candidate in found}
        scores = {
            id_: float(candidate.subvectors[0] @ query) + 0.01 * _bm25(candidate.passage, worded)
            for id_, candidate in by_id.items()
        }
        return [by_id[id_].passage for id_ in sorted(scores, key=lambda id_: -scores[id_])[:DEPTH]]

    def ours(question: Question) -> Sequence[Passage]:
        return retriever.search_now(question, limit=DEPTH).passages

    return {COSINE: cosine, BM25: bm25, SUM: both, OURS: ours}


def _bm25(passage: Passage, worded: dict[int, float]) -> float:
    vector = passage_vector(terms(f"{passage.label}\n{passage.text}"))
    return sum(weight * vector.get(dimension, 0.0) for dimension, weight in worded.items())
