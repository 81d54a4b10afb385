"""The multilingual index of a collection: vectors by which questions in other languages find English passages.

The multilingual model's vectors of the docs' words are a dictionary; those of page > headings (or of whole passages)
are searched. They are few enough to be compared one by one, and lie beside the vocabulary as one ASCII text.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]

Coverage = Literal["labels", "full"]
"""What of a passage has a vector: page > headings, or all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MultilingualIndex:
    """Vectors of length 1, one a row: of `words`, and of passages.

    `vector_of` tells for each of `ids` its row in `vectors`: passages of one section share theirs. `versions` are their
    docs versions.
    """

    coverage: Coverage
    words: tuple[str, ...]
    word_vectors: Vectors
    ids: tuple[str, ...]
    versions: tuple[str, ...]
    vector_of: npt.NDArray[np.int64]
    vectors: Vectors

    def nearest(self, vector: Vectors, *, limit: int, versions: Sequence[str] = ()) -> list[str]:
        """Return the ids of the passages nearest to a question; `versions` keeps those of these docs, and of none."""
        allowed = {*versions, ""}
        cosines = self.cosines(vector)
        order = (int(row) for row in np.argsort(-cosines, kind="stable"))
        return [self.ids[row] for row in order if not versions or self.versions[row] in allowed][:limit]

    def cosines(self, vector: Vectors) -> Vectors:
        """Return how near each passage is, in the order of `ids`."""
        return np.asarray((self.vectors @ vector)[self.vector_of])


def to_text(index: MultilingualIndex) -> str:
    """Return the index as one text, in ASCII; vectors are kept a byte a number."""
    return json.dumps(
        {
            "coverage": index.coverage,
            "words": index.words,
            "word_vectors": _packed(index.word_vectors),
            "ids": index.ids,
            "versions": index.versions,
            "vector_of": index.vector_of.tolist(),
            "vectors": _packed(index.vectors),
        },
        separators=(",", ":"),
    )


def from_text(text: str) -> MultilingualIndex:
    """Return the index that `to_text` wrote."""
    kept = json.loads(text)
    return MultilingualIndex(
        coverage=kept["coverage"],
        words=tuple(kept["words"]),
        word_vectors=_unpacked(kept["word_vectors"]),
        ids=tuple(kept["ids"]),
        versions=tuple(kept["versions"]),
        vector_of=np.array(kept["vector_of"], dtype=np.int64),
        vectors=_unpacked(kept["vectors"]),
    )


def _packed(vectors: Vectors) -> list[str | int]:
    rows, dim = vectors.shape
    scale = np.abs(vectors).max(axis=1, keepdims=True) if rows else vectors
    bytes_ = np.rint(vectors / scale * 127).astype(np.int8)
    return [base64.b64encode(bytes_.tobytes()).decode("ascii"), dim]


def _unpacked(packed: list[str | int]) -> Vectors:
    text, dim = packed
    table = np.frombuffer(base64.b64decode(str(text)), dtype=np.int8).reshape(-1, int(dim)).astype(np.float32)
    return np.asarray(table / np.linalg.norm(table, axis=1, keepdims=True), dtype=np.float32)
