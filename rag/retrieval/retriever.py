"""The retriever: two searches, one order.

Milvus finds candidates by meaning (dense) and by words (sparse); ranking puts them in order. A server without sparse
vectors gives the first kind alone.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from rag.domain import Docs, Explanation, Retrieved
from rag.errors import RetrievalError
from rag.query.search_plan import make_search_plans, search_text
from rag.query.versions import choose_versions
from rag.retrieval.batching import Batcher
from rag.retrieval.fusion import fuse, one_a_page
from rag.retrieval.ranking import measure, neighbours_of, rank, without_duplicates
from rag.retrieval.scope import NEAREST, off_topic, signs
from rag.text.language import language_of
from rag.text.terms import query_vector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from rag.domain import Candidate, Question
    from rag.protocols import Embedder, PassageStore
    from rag.query.search_plan import SearchPlan
    from rag.query.spelling import Speller
    from rag.query.versions import Versions
    from rag.retrieval.foreign import ForeignQuestion, ForeignReader
    from rag.text.vocabulary import Vocabulary


CANDIDATES = 50
"""How many passages each of the two searches brings."""
EXPANDED_SHARE = 0.4
"""What the vector of the question with the docs' words counts against the one without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridRetriever:
    """Finds passages in one collection, `search_threads` questions at a time.

    `default_version` is searched when a question names none; `foreign` reads questions in other languages.
    """

    store: PassageStore
    embedder: Embedder
    vocabulary: Vocabulary
    speller: Speller
    default_version: str = ""
    search_threads: int = 1
    built_at: float = 0.0
    foreign: ForeignReader | None = None
    threads: ThreadPoolExecutor = field(init=False)
    batcher: Batcher = field(init=False)

    def __post_init__(self) -> None:
        """Set up the threads."""
        object.__setattr__(self, "threads", ThreadPoolExecutor(self.search_threads, "search"))
        object.__setattr__(self, "batcher", Batcher(self.embedder))

    async def search(self, question: Question, *, limit: int) -> Retrieved:
        """Return at most `limit` passages, best first; raise RetrievalError when there are none at all.

        The event loop is free meanwhile: words and Milvus have their threads, the embedding model has one of its own.
        """
        run = asyncio.get_running_loop().run_in_executor
        foreign = await self.foreign.read(question.text) if self.foreign else None
        searched = await run(self.threads, partial(self.understand, question, foreign))
        vectors = await self.batcher.encode(searched.texts)
        return await run(self.threads, partial(self.find, searched, vectors, limit=limit))

    def docs(self) -> Docs:
        """Return what there is to answer from."""
        return Docs(versions=self.vocabulary.versions, built_at=self.built_at)

    def search_now(self, question: Question, *, limit: int) -> Retrieved:
        """Do the same on this thread."""
        searched = self.understand(question, self._read_now(question))
        return self.find(searched, self.embedder.encode_queries(searched.texts), limit=limit)

    def explain(self, question: Question, *, limit: int) -> Explanation:
        """Return what a question is searched by and what is found, in the order of the search."""
        searched = self.understand(question, self._read_now(question))
        found = self.find(searched, self.embedder.encode_queries(searched.texts), limit=limit, spread=False)
        return Explanation(
            language=language_of(question.text),
            versions=searched.versions.searched,
            queries=tuple(plan.text for plan in searched.plans),
            retrieved=found,
        )

    def _read_now(self, question: Question) -> ForeignQuestion | None:
        return self.foreign.read_now(question.text) if self.foreign else None

    def understand(self, question: Question, foreign: ForeignQuestion | None = None) -> Searched:
        """Return what to look for."""
        words = foreign.words if foreign else ""
        return Searched(
            question=question,
            foreign=foreign,
            plans=make_search_plans(question, vocabulary=self.vocabulary, speller=self.speller, english=words),
            versions=choose_versions(question.text, present=self.vocabulary.versions, default=self.default_version),
        )

    def find(
        self, searched: Searched, vectors: Sequence[npt.NDArray[np.float32]], *, limit: int, spread: bool = True
    ) -> Retrieved:
        """Return the passages for what is searched and the vectors of its texts.

        With `spread`, the best of each page come first where a post has several parts.
        """
        views = [
            self._view(plan, vector, searched.versions, foreign=None if number else searched.foreign)
            for number, (plan, vector) in enumerate(searched.with_vectors(vectors))
        ]
        whole = views[0]
        if not whole.candidates:
            message = "Milvus found no passage at all, which a collection that holds some can't do."
            raise RetrievalError(message, hint="Run: milvusfaq ingest --recreate SOURCE")
        ranked = fuse([rank(view.table, view.candidates, bonus=view.bonus) for view in views])
        if spread and len(views) > 1:
            ranked = one_a_page(ranked)
        passages = tuple(without_duplicates(ranked, limit))
        return Retrieved(
            passages=passages,
            neighbours=tuple(neighbours_of(passages[:NEAREST], ranked)),
            notices=searched.versions.notices,
            off_topic=off_topic(
                search_text(searched.question),
                parts=[
                    signs(terms=len(set(plan.terms)), table=view.table)
                    for plan, view in zip(searched.plans, views, strict=True)
                    if view.candidates
                ],
                table=whole.table,
                candidates=whole.candidates,
                best=ranked[:NEAREST],
            ),
        )

    def _view(
        self,
        plan: SearchPlan,
        vector: npt.NDArray[np.float32],
        versions: Versions,
        *,
        foreign: ForeignQuestion | None,
    ) -> View:
        candidates = self.candidates(plan, vector, versions)
        bonus = None
        if foreign:
            near = self.store.passages(foreign.nearest(versions.searched))
            candidates = list({found.passage.id: found for found in (*candidates, *near)}.values())
            bonus = foreign.bonus(candidates)
        return View(candidates=candidates, table=measure(candidates, plan, vector), bonus=bonus)

    def embed(self, plan: SearchPlan) -> npt.NDArray[np.float32]:
        """Return the plan's vector, of length 1."""
        return _blend(self.embedder.encode_queries(texts_of(plan)))

    def candidates(self, plan: SearchPlan, vector: npt.NDArray[np.float32], versions: Versions) -> list[Candidate]:
        """Return what the two searches find, each passage once."""
        near = self.store.search_dense(vector, limit=CANDIDATES, versions=versions.searched)
        worded = self.store.search_sparse(query_vector(plan.weights), limit=CANDIDATES, versions=versions.searched)
        return list({found.passage.id: found for found in (*near, *worded)}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What is looked for: the whole question and its parts, and the docs versions that they may be found in."""

    question: Question
    foreign: ForeignQuestion | None
    plans: tuple[SearchPlan, ...]
    versions: Versions

    @property
    def texts(self) -> list[str]:
        """What is embedded."""
        return [text for plan in self.plans for text in texts_of(plan)]

    def with_vectors(
        self, vectors: Sequence[npt.NDArray[np.float32]]
    ) -> Iterator[tuple[SearchPlan, npt.NDArray[np.float32]]]:
        """Yield each plan with its vector, of those of `texts`."""
        left = iter(vectors)
        for plan in self.plans:
            yield plan, _blend([next(left) for _ in texts_of(plan)])


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one plan finds, and what ranking measured of it; `bonus` is what each candidate gains beside, if any."""

    candidates: list[Candidate]
    table: npt.NDArray[np.float64]
    bonus: npt.NDArray[np.float64] | None = None


def texts_of(plan: SearchPlan) -> list[str]:
    """Return the text, and the text with the docs' words where they add any."""
    return [plan.text] if plan.expanded == plan.text else [plan.text, plan.expanded]


def _blend(vectors: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return one vector of length 1 for those of a query's texts."""
    plain, *expanded = vectors
    vector = (1 - EXPANDED_SHARE) * plain + EXPANDED_SHARE * expanded[0] if expanded else plain
    unit: npt.NDArray[np.float32] = np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
    return unit
