"""The classifier: what a post wants, by a linear model over its embeddings and n-grams.

`make hearing` learns it from benchmarks/rows/hearing.jsonl, which we wrote, and tells how well it does on rows that it
has not seen. It has two heads: English posts have the vectors of the bundled model, all others those of the
multilingual one beside them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rag.hearing.features import ngram_logits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

WEIGHTS_FILE = "hearing.npz"
CLASSES = ("nothing", "answer", "person")
Head = Literal["english", "foreign"]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely a post wants nothing, an answer, or a person; together 1."""

    nothing: float
    answer: float
    person: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingWeights:
    """What is learned, a column a class: rows for the vectors, in the order in which they are given, and n-grams.

    `heard_from` is how likely an answer has to be wanted.
    """

    vectors: npt.NDArray[np.float32]
    ngrams: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    heard_from: npt.NDArray[np.float32]

    def likelihood(self, text: str, vectors: Sequence[npt.NDArray[np.float32]]) -> Likelihood:
        """Return what a post wants; `vectors` are of features.embedded_texts, by one model after the other."""
        logits = np.concatenate(vectors) @ self.vectors + ngram_logits(text, self.ngrams) + self.bias
        shares = np.exp(logits - logits.max())
        nothing, answer, person = (float(share) for share in shares / shares.sum())
        return Likelihood(nothing=nothing, answer=answer, person=person)


@cache
def load_weights(head: Head) -> HearingWeights:
    """Return the weights of one head, as they lie in the package."""
    with as_file(files("rag.starter") / WEIGHTS_FILE) as path, np.load(path) as stored:
        return HearingWeights(**{part.name: _widened(stored[f"{head}_{part.name}"]) for part in fields(HearingWeights)})


def _widened(weights: Any) -> npt.NDArray[np.float32]:
    return np.asarray(weights, dtype=np.float32)
