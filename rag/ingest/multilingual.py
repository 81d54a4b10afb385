"""Multilingual: an ingest makes the vectors by which questions in other languages are searched.

What was embedded before is taken over: a passage's id tells its whole content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag.ingest.chunking import embedding_text
from rag.query.dictionary import EMPTY_WORDS
from rag.text.multilingual import MultilingualIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from rag.domain import Passage
    from rag.protocols import Embedder
    from rag.text.multilingual import Coverage
    from rag.text.vocabulary import Vocabulary

    Vectors = npt.NDArray[np.float32]

COMMON, FEW = 3, 200
"""In so many passages a word stands that a foreign one may mean; where there are FEW passages, in one is enough."""


def make_multilingual_index(
    passages: Sequence[Passage],
    vocabulary: Vocabulary,
    *,
    embedder: Embedder,
    coverage: Coverage,
    before: MultilingualIndex | None,
) -> MultilingualIndex:
    """Return the index of these passages; what `before` holds of the same coverage is not embedded again."""
    least = min(COMMON, 1 + len(passages) // FEW)
    words = tuple(
        sorted(word for word, count in vocabulary.word_counts.items() if count >= least and word not in EMPTY_WORDS)
    )
    known_words = dict(zip(before.words, before.word_vectors, strict=True)) if before else {}
    text_of = {p.id: p.label if coverage == "labels" else embedding_text(p) for p in passages}
    known_texts: dict[str, Vectors] = {}
    if before and before.coverage == coverage:
        rows = zip(before.ids, before.vector_of, strict=True)
        known_texts = {text_of[id_]: before.vectors[row] for id_, row in rows if id_ in text_of}
    texts = list(dict.fromkeys(text_of.values()))
    row_of = {text: row for row, text in enumerate(texts)}
    return MultilingualIndex(
        coverage=coverage,
        words=words,
        word_vectors=_vectors(words, known_words, embedder.encode_queries, embedder.dim),
        ids=tuple(text_of),
        versions=tuple({p.id: p.version for p in passages}.values()),
        vector_of=np.array([row_of[text] for text in text_of.values()], dtype=np.int64),
        vectors=_vectors(texts, known_texts, embedder.encode_documents, embedder.dim),
    )


def _vectors(
    texts: Sequence[str], known: dict[str, Vectors], encode: Callable[[list[str]], Sequence[Vectors]], dim: int
) -> Vectors:
    missing = [text for text in texts if text not in known]
    fresh = dict(zip(missing, encode(missing), strict=True))
    every = {**known, **fresh}
    return np.array([every[text] for text in texts], dtype=np.float32).reshape(-1, dim)
