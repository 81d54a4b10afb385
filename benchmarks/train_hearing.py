"""Learn what a post wants from rows that we wrote, and tell how well it does on those that it has not seen.

    python -m benchmarks.train_hearing [--write]

Multinomial logistic regression with an L2 penalty, by Adam, over vectors and hashed n-grams. The table is of a
five-fold cross-validation, in which each row has the head that it has in the product.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from bot.text.mrkdwn import plain_text
from rag.backends.embedding import open_bundled, open_multilingual
from rag.hearing.classifier import CLASSES, WEIGHTS_FILE
from rag.hearing.features import DIMENSIONS, embedded_texts, ngrams
from rag.hearing.hearer import PERSON_FROM
from rag.text.language import is_foreign

if TYPE_CHECKING:
    import numpy.typing as npt

    from rag.protocols import Embedder

    Array = npt.NDArray[np.float32]
    Numbers = npt.NDArray[np.int64]

ROWS = Path(__file__).parent / "rows" / "hearing.jsonl"
TARGET = Path(__file__).parent.parent / "rag" / "starter" / WEIGHTS_FILE
LABELS = {"not": "nothing", "ask": "answer", "person": "person"}
VECTOR_SCALE, NGRAM_SCALE, PENALTY = 3.0, 5.0, 1e-4
STEPS, RATE, FOLDS = 600, 0.05, 5
HEARD_IN_VAIN = 0.10
"""The share of our own rows that want nothing and may be heard: the threshold comes of it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as they are learned from: vectors [rows, numbers], n-grams of all rows in one line with each row's start."""

    vectors: Array
    grams: Numbers
    starts: Numbers
    classes: Numbers

    def __getitem__(self, chosen: Numbers) -> Rows:
        """Return some of the rows."""
        ends = np.append(self.starts[1:], len(self.grams))
        parts = [self.grams[self.starts[row] : ends[row]] for row in chosen]
        starts = np.cumsum([0, *map(len, parts[:-1])])
        return Rows(self.vectors[chosen], np.concatenate(parts), starts, self.classes[chosen])

    @property
    def counts(self) -> Numbers:
        """How many n-grams each row has."""
        return np.diff(np.append(self.starts, len(self.grams)))


@dataclass(slots=True)
class Weights:
    """What is learned, a column a class."""

    vectors: Array
    grams: Array
    bias: Array

    def shares(self, rows: Rows) -> Array:
        """Return each row's likelihoods."""
        scale = NGRAM_SCALE / np.sqrt(rows.counts)[:, None]
        logits = VECTOR_SCALE * rows.vectors @ self.vectors + self.bias
        logits += scale * np.add.reduceat(self.grams[rows.grams], rows.starts, axis=0)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def learn(rows: Rows) -> Weights:
    """Return the weights that tell these rows apart."""
    size, classes = rows.vectors.shape[1], len(CLASSES)
    weights = Weights(*(np.zeros(shape, np.float32) for shape in ((size, classes), (DIMENSIONS, classes), (classes,))))
    parts = [weights.vectors, weights.grams, weights.bias]
    means, squares = [np.zeros_like(part) for part in parts], [np.zeros_like(part) for part in parts]
    wanted = np.eye(classes, dtype=np.float32)[rows.classes]
    for step in range(1, STEPS + 1):
        error = ((weights.shares(rows) - wanted) / len(wanted)).astype(np.float32)
        slopes = _slopes(rows, weights, error)
        rate = RATE * (1 - step / STEPS)
        for part, slope, mean, square in zip(parts, slopes, means, squares, strict=True):
            np.add(mean, 0.1 * (slope - mean), out=mean)
            np.add(square, 0.01 * (slope**2 - square), out=square)
            change = rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
            np.subtract(part, change, out=part)
    return weights


def _slopes(rows: Rows, weights: Weights, error: Array) -> tuple[Array, Array, Array]:
    """Return how the loss grows with each weight."""
    spread = np.repeat(error * (NGRAM_SCALE / np.sqrt(rows.counts))[:, None], rows.counts, axis=0)
    grams = np.stack([np.bincount(rows.grams, column, DIMENSIONS) for column in spread.T], axis=1).astype(np.float32)
    vectors = VECTOR_SCALE * rows.vectors.T @ error
    return vectors + 2 * PENALTY * weights.vectors, grams + 2 * PENALTY * weights.grams, error.sum(axis=0)


def cross_validate(rows: Rows) -> Array:
    """Return each row's likelihoods, from weights that have not seen it."""
    order = np.random.default_rng(0).permutation(len(rows.classes))
    found = np.zeros((len(order), len(CLASSES)), dtype=np.float32)
    for fold in range(FOLDS):
        held_out = order[fold::FOLDS]
        found[held_out] = learn(rows[np.setdiff1d(order, held_out)]).shares(rows[held_out])
    return found


def read_rows(texts: list[str], classes: list[int], *embedders: Embedder) -> Rows:
    """Return the rows with their features: the vectors of whole and headline by each model."""
    parts = [part for text in texts for part in embedded_texts(text)]
    vectors = [np.concatenate(embedder.encode_queries(parts)).reshape(len(texts), -1) for embedder in embedders]
    grams = [np.array(list(ngrams(text))) for text in texts]
    starts = np.cumsum([0, *map(len, grams[:-1])])
    return Rows(np.concatenate(vectors, axis=1), np.concatenate(grams), starts, np.array(classes))


def threshold(found: Array, classes: Numbers) -> float:
    """Return the likelihood of an answer from which no more than HEARD_IN_VAIN of what wants nothing is heard."""
    return float(np.quantile(found[classes == CLASSES.index("nothing"), 1], 1 - HEARD_IN_VAIN))


def main() -> None:
    """Print the table; with --write, keep what was learned from all rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write rag/starter/{WEIGHTS_FILE}")
    options = parser.parse_args()
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    texts = [plain_text(row["text"], bot_user="") for row in rows]
    classes = [CLASSES.index(LABELS[row["label"]]) for row in rows]
    kinds = np.array([f"{row['label']}: {row['kind']}" for row in rows])
    foreign = np.array([is_foreign(text) for text in texts])
    kept: dict[str, Array] = {}
    for head, embedders in (("english", [open_bundled()]), ("foreign", [open_bundled(), open_multilingual()])):
        features, is_of_head = read_rows(texts, classes, *embedders), foreign == (head == "foreign")
        found = cross_validate(features)
        heard_from = threshold(found[is_of_head], features.classes[is_of_head])
        _print(head, kinds[is_of_head], found[is_of_head], heard_from)
        weights = learn(features)
        parts = {"vectors": VECTOR_SCALE * weights.vectors, "ngrams": NGRAM_SCALE * weights.grams, "bias": weights.bias}
        kept |= {f"{head}_{name}": part.astype(np.float16) for name, part in parts.items()}
        kept[f"{head}_heard_from"] = np.array(heard_from, dtype=np.float32)
    if options.write:
        np.savez_compressed(TARGET, allow_pickle=False, **kept)


def _print(head: str, kinds: npt.NDArray[np.str_], found: Array, heard_from: float) -> None:
    shown = Table(f"{head}, heard from {heard_from:.2f}", "rows", "heard", "a person called", box=None)
    for kind in sorted(set(kinds)):
        likely = found[kinds == kind]
        heard, person = (likely[:, 1] >= heard_from).mean(), (likely[:, 2] >= PERSON_FROM).mean()
        shown.add_row(kind, str(len(likely)), f"{heard:.3f}", f"{person:.3f}")
    Console().print(shown)


if __name__ == "__main__":
    main()
