"""Foreign questions: they are searched by the docs' own words for theirs, and by the multilingual model's vectors."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rag.query.dictionary import latin_words, translate, units
from rag.query.post import read_post
from rag.retrieval.batching import Batcher
from rag.text.language import is_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rag.domain import Candidate
    from rag.protocols import Embedder, PassageStore
    from rag.query.dictionary import Unit
    from rag.text.multilingual import MultilingualIndex

    Vectors = npt.NDArray[np.float32]

NEAREST = 50
"""How many passages the multilingual vectors bring."""
SHARE = 0.3
"""What those vectors count, in standard deviations, beside one of everything else that ranking measures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignQuestion:
    """What is known of a question in another language: the docs' words for it, and its multilingual vector."""

    words: str
    vector: Vectors
    index: MultilingualIndex

    def nearest(self, versions: Sequence[str]) -> list[str]:
        """Return the ids of the passages that are nearest."""
        return self.index.nearest(self.vector, limit=NEAREST, versions=versions)

    def bonus(self, candidates: Sequence[Candidate]) -> npt.NDArray[np.float64]:
        """Return what each candidate's nearness adds to its relevance, in standard deviations of that."""
        cosine_of = dict(zip(self.index.ids, self.index.cosines(self.vector), strict=True))
        cosines = np.array([cosine_of.get(candidate.passage.id, 0.0) for candidate in candidates], dtype=np.float64)
        bonus: npt.NDArray[np.float64] = SHARE * (cosines - cosines.mean()) / (cosines.std() + 1e-6)
        return bonus


@dataclass(slots=True, kw_only=True)
class ForeignReader:
    """Reads questions in other languages, where the collection has the vectors for it; both are loaded when needed."""

    store: PassageStore
    embedder: Embedder
    batcher: Batcher = field(init=False)
    loaded: tuple[MultilingualIndex | None] | None = None

    def __post_init__(self) -> None:
        """Set up the thread."""
        self.batcher = Batcher(self.embedder)

    async def read(self, text: str) -> ForeignQuestion | None:
        """Return what is known of a question; None for an English one, or where nothing can be known."""
        begun = await asyncio.to_thread(self._begin, text)
        if begun is None:
            return None
        vectors = await self.batcher.encode(begun.texts)
        return await asyncio.to_thread(begun.question, vectors)

    def read_now(self, text: str) -> ForeignQuestion | None:
        """Do the same on this thread."""
        begun = self._begin(text)
        return begun.question(self.embedder.encode_queries(begun.texts)) if begun else None

    def _begin(self, text: str) -> _Begun | None:
        if not is_foreign(text) or (index := self._index()) is None:
            return None
        post = read_post(text)
        said = post.prose or text if post else text
        return _Begun(said=said, units=units(said), index=index)

    def _index(self) -> MultilingualIndex | None:
        if self.loaded is None:
            self.loaded = (self.store.multilingual_index(),)
        return self.loaded[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """What is said in a question, and what in it may be words."""

    said: str
    units: Sequence[Unit]
    index: MultilingualIndex

    @property
    def texts(self) -> list[str]:
        """What is embedded."""
        return [self.said, *(unit.text for unit in self.units)]

    def question(self, vectors: Sequence[Vectors]) -> ForeignQuestion:
        """Return what the vectors of the texts tell."""
        whole, *of_units = vectors
        meant = translate(self.units, np.array(of_units), self.index.words, self.index.word_vectors)
        words = " ".join(dict.fromkeys([*latin_words(self.said), *meant]))
        return ForeignQuestion(words=words, vector=whole, index=self.index)
