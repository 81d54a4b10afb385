"""The retriever: two searches, one order.

Milvus finds candidates by meaning (dense) and by words (sparse); ranking puts them in order. A server without sparse
vectors gives the first kind alone.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rag.domain import Docs, Explanation, Question, Retrieved
from rag.errors import RetrievalError
from rag.health import Health
from rag.query.search_plan import make_search_plans, refers_to_nothing, search_text
from rag.query.versions import choose_versions
from rag.retrieval.batching import Batcher, MicroBatches
from rag.retrieval.fusion import fuse, one_a_page
from rag.retrieval.ranking import measure, neighbours_of, without_duplicates
from rag.retrieval.rewording import compared_texts, weight_of
from rag.retrieval.scope import NEAREST, off_topic, signs
from rag.retrieval.searched import Looked, Reworded, Search, Searched, View
from rag.text.language import is_foreign, language_of
from rag.tracing import DENSE, EMBED, RANK, SPARSE, traced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.domain import Candidate, OffTopic, Passage
    from rag.protocols import Embedder, PassageStore
    from rag.query.search_plan import SearchPlan
    from rag.query.spelling import Speller
    from rag.query.versions import Versions
    from rag.retrieval.foreign import ForeignQuestion, ForeignReader
    from rag.text.vocabulary import Vocabulary


CANDIDATES = 50
"""How many passages each of the two searches brings."""
COMPARABLE = "bundled"
"""The embedding model whose cosines tell whether a rewording means the same."""
T = TypeVar("T")


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
    searches: MicroBatches[Search, list[Candidate]] = field(init=False)

    def __post_init__(self) -> None:
        """Set up the threads."""
        object.__setattr__(self, "threads", ThreadPoolExecutor(self.search_threads, "search"))
        object.__setattr__(self, "batcher", Batcher(self.embedder))
        object.__setattr__(self, "searches", MicroBatches(self.search_all, self.threads))

    async def search(self, question: Question, *, limit: int, reworded: Awaitable[str] | None = None) -> Retrieved:
        """Return at most `limit` passages, best first; raise RetrievalError when there are none at all.

        `reworded` brings the question in a model's words, or "": it is searched beside the question, as far as it means
        the same. The event loop is free meanwhile: words and Milvus have their threads, the embedding models theirs.
        """
        looked = await self._look(question)
        text = await reworded if reworded else ""
        other = await self._look_again(looked, text) if text else None
        return await self._run(partial(self.order, looked, other, limit=limit))

    def docs(self) -> Docs:
        """Return what there is to answer from."""
        passages = self.vocabulary.passages
        return Docs(versions=self.vocabulary.versions, built_at=self.built_at, passages=passages)

    def health(self) -> Health:
        """Return what is searched: it is looked at when it is opened, and by whoever watches it."""
        return Health(trouble="", checked_s=0.0, passages=self.vocabulary.passages, built_at=self.built_at)

    def search_now(self, question: Question, *, limit: int, reworded: str = "") -> Retrieved:
        """Do the same on this thread."""
        return self._search_now(question, limit=limit, reworded=reworded)[0]

    def explain(self, question: Question, *, limit: int, reworded: str = "") -> Explanation:
        """Return what a question is searched by and what is found, in the order of the search."""
        found, looked, other = self._search_now(question, limit=limit, reworded=reworded, spread=False)
        plans = [*looked.searched.plans, *(other.looked.searched.plans if other and other.weight else ())]
        return Explanation(
            language=language_of(question.text),
            versions=looked.searched.versions.searched,
            queries=tuple(plan.text for plan in plans),
            retrieved=found,
        )

    def _search_now(
        self, question: Question, *, limit: int, reworded: str, spread: bool = True
    ) -> tuple[Retrieved, Looked, Reworded | None]:
        looked, other = self.look_now(question), None
        if reworded:
            pair = compared_texts(question, reworded)
            vectors = self.foreign.embedder.encode_queries(pair) if self.foreign and looked.searched.foreign else ()
            again = self.look_now(Question(text=reworded))
            alone = self.look_now(Question(text=question.text)) if question.history else None
            other = Reworded(again, self._trust(looked, again, vectors), alone)
        return self.order(looked, other, limit=limit, spread=spread), looked, other

    def look_now(self, question: Question) -> Looked:
        """Return what is found for a question, before any order."""
        searched = self.understand(question, self.foreign.read_now(question.text) if self.foreign else None)
        vectors = searched.vectors(self.embedder.encode_queries(searched.texts))
        found = self.search_all([*searched.by_words, *searched.by_meaning(vectors)])
        return self.look_up(searched, vectors, found)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    async def _look(self, question: Question) -> Looked:
        foreign = await self.foreign.read(question.text) if self.foreign else None
        searched = await self._run(partial(self.understand, question, foreign))
        # Words need no vectors: Milvus looks for them while the model embeds.
        worded = traced(SPARSE, self.searches.find(searched.by_words))
        encoded, found = await asyncio.gather(traced(EMBED, self.batcher.encode(searched.texts)), worded)
        vectors = searched.vectors(encoded)
        found = [*found, *await traced(DENSE, self.searches.find(searched.by_meaning(vectors)))]
        return await traced(RANK, self._run(partial(self.look_up, searched, vectors, found)))

    async def _look_again(self, looked: Looked, text: str) -> Reworded:
        """Look for a question in a model's words, and tell how far they are trusted."""
        pair = compared_texts(looked.searched.question, text)
        vectors = await self.foreign.batcher.encode(pair) if self.foreign and looked.searched.foreign else ()
        again = await self._look(Question(text=text))
        question = looked.searched.question
        alone = await self._look(Question(text=question.text)) if question.history else None
        weight = await self._run(partial(self._trust, looked, again, vectors))
        return Reworded(again, weight, alone)

    def _trust(self, looked: Looked, again: Looked, vectors: Sequence[npt.NDArray[np.float32]]) -> float:
        """Return what a rewording counts; `vectors` are the multilingual model's, of a foreign question and of it."""
        if vectors:
            return weight_of(float(vectors[0] @ vectors[1]), is_foreign=True)
        if is_foreign(looked.searched.question.text) or self.embedder.name != COMPARABLE:
            return weight_of(None, is_foreign=True)
        return weight_of(float(looked.whole.vector @ again.whole.vector), is_foreign=False)

    def understand(self, question: Question, foreign: ForeignQuestion | None = None) -> Searched:
        """Return what to look for."""
        words = foreign.words if foreign else ""
        return Searched(
            question=question,
            foreign=foreign,
            plans=make_search_plans(question, vocabulary=self.vocabulary, speller=self.speller, english=words),
            versions=choose_versions(question.text, present=self.vocabulary.versions, default=self.default_version),
        )

    def search_all(self, searches: Sequence[Search]) -> list[list[Candidate]]:
        """Return what each search finds, those of the same kind in one call to Milvus."""
        found: dict[int, list[Candidate]] = {}
        kinds = {(search.by, search.versions) for search in searches}
        for by, versions in kinds:
            places = [place for place, one in enumerate(searches) if (one.by, one.versions) == (by, versions)]
            of_kind = self.store.search_dense if by == "meaning" else self.store.search_sparse
            vectors = [searches[place].vector for place in places]
            found.update(zip(places, of_kind(vectors, limit=CANDIDATES, versions=versions), strict=True))
        return [found[place] for place in range(len(searches))]

    def look_up(
        self, searched: Searched, vectors: Sequence[npt.NDArray[np.float32]], found: Sequence[list[Candidate]]
    ) -> Looked:
        """Return the views: `vectors` are the plans', `found` is what their words, then their vectors find."""
        plans = len(searched.plans)
        views = [
            self._view(plan, vector, [*meant, *worded], searched.versions, foreign=None if number else searched.foreign)
            for number, (plan, vector, worded, meant) in enumerate(
                zip(searched.plans, vectors, found[:plans], found[plans:], strict=True)
            )
        ]
        return Looked(searched=searched, views=views)

    def order(self, looked: Looked, other: Reworded | None, *, limit: int, spread: bool = True) -> Retrieved:
        """Return the passages in one order.

        With `spread`, the best of each page come first where a post has several parts.
        """
        if not looked.whole.candidates:
            message = "Milvus found no passage at all, which a collection that holds some can't do."
            raise RetrievalError(message, hint="Run: milvusfaq ingest --recreate SOURCE")
        more = other.looked.orders if other and other.weight else []
        weights = [*(1.0 for _ in looked.views), *(other.weight if other else 0.0 for _ in more)]
        ranked = fuse([*looked.orders, *more], weights)
        if spread and len(looked.views) > 1:
            ranked = one_a_page(ranked)
        passages = tuple(without_duplicates(ranked, limit))
        neighbours = tuple(neighbours_of(passages[:NEAREST], ranked))
        found = {one.passage.id: one.subvectors for view in looked.views for one in view.candidates}
        return Retrieved(
            passages=passages,
            neighbours=neighbours,
            vectors={one.id: found[one.id] for one in (*passages, *neighbours) if one.id in found},
            notices=looked.searched.versions.notices,
            off_topic=self._off_topic(looked, other, best=ranked[:NEAREST]),
        )

    def _off_topic(self, looked: Looked, other: Reworded | None, *, best: Sequence[Passage]) -> OffTopic | None:
        """Return why the question is none for the docs: a follow-up is told by itself and by a model's words for it."""
        question, alone = looked.searched.question, other.alone if other else None
        if refers_to_nothing(question):
            return "refers to nothing"
        views = [*(alone or looked).views, *(other.looked.views if other else ())]
        return off_topic(
            search_text(question),
            alone=question.text if alone else "",
            parts=[signs(terms=len(set(view.plan.terms)), table=view.table) for view in views if view.candidates],
            whole=looked.whole,
            best=best,
        )

    def _view(
        self,
        plan: SearchPlan,
        vector: npt.NDArray[np.float32],
        found: list[Candidate],
        versions: Versions,
        *,
        foreign: ForeignQuestion | None,
    ) -> View:
        """Return what the plan's vector and its words find; `foreign` adds what is near in any language."""
        if foreign:
            found += self.store.passages(foreign.nearest(versions.searched))
        candidates = list({one.passage.id: one for one in found}.values())
        bonus = foreign.bonus(candidates) if foreign else None
        table = measure(candidates, plan, vector)
        return View(plan=plan, vector=vector, candidates=candidates, table=table, bonus=bonus)
