"""Ranking: candidates are ordered by a weighted sum of nine features, learned from questions and posts.

`make tune` learns the weights (starter/ranking.json), tells how well they do on questions that they have not seen, and
what each feature is worth; docs/decisions/0007 says why this and not another way.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rag.text.terms import passage_vector, query_vector, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rag.domain import Candidate, Passage
    from rag.query.search_plan import SearchPlan


WEIGHTS_FILE = "ranking.json"
FEATURES = (
    "whole",  # cosine of question and passage
    "label",  # … and page > headings
    "sentence",  # … and the passage's nearest sentence; these three are learned and used in standard deviations
    "bm25",
    "coverage",  # which share of the question's terms, by rarity, stands in the passage
    "pairs",  # which share of its neighbouring terms stand there as neighbours
    "asks",  # the heading is a question
    "opening",  # the page's beginning, before any heading
    "aside",  # a page about something other than Milvus itself
)
COSINES = 3
"""The first features are cosines."""
ASIDES = ("integrations/", "tutorials/", "embeddings/", "rerankers/", "release_notes", "home/", "reference/glossary")
DEPRECATED_PENALTY = 1.5
"""What a deprecated page loses, in relevance: sometimes it alone holds the answer."""
SAME_TEXT = 0.8
"""Passages that share this much of their terms say the same: one of them is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _PassageTerms:
    """What ranking needs to know of a passage's text."""

    vector: dict[int, float]
    terms: frozenset[str]
    pairs: frozenset[tuple[str, str]]


def rank(
    table: npt.NDArray[np.float64],
    candidates: Sequence[Candidate],
    *,
    bonus: npt.NDArray[np.float64] | None = None,
) -> list[Passage]:
    """Return the candidates' passages, best first; `table` is what `measure` returned.

    `bonus` is what each gains beside, in standard deviations of relevance.
    """
    if not candidates:
        return []
    deprecated = np.array([candidate.passage.deprecated for candidate in candidates], dtype=np.float64)
    relevance = standardise(table) @ _weights() - DEPRECATED_PENALTY * deprecated
    if bonus is not None:
        relevance += bonus * relevance.std()
    order = np.argsort(-relevance, kind="stable")
    return [replace(candidates[i].passage, score=float(table[i, 0])) for i in order]


def measure(
    candidates: Sequence[Candidate], query: SearchPlan, vector: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Return a row a candidate, a column a feature; `vector` is the question's, of length 1."""
    readings = [_read(candidate.passage.label, candidate.passage.text) for candidate in candidates]
    cosines = [candidate.subvectors @ vector for candidate in candidates]
    sparse = query_vector(query.weights)
    pairs = set(pairwise(query.terms))
    total = sum(query.weights.values()) or 1.0
    rows = [
        (
            own[0],
            own[min(1, len(own) - 1)],
            max(own[2:], default=own[0]),
            sum(weight * reading.vector.get(dimension, 0.0) for dimension, weight in sparse.items()) / 10,
            sum(weight for term, weight in query.weights.items() if term in reading.terms) / total,
            len(pairs & reading.pairs) / max(1, len(pairs)),
            *_kind(candidate.passage),
        )
        for candidate, reading, own in zip(candidates, readings, cosines, strict=True)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, len(FEATURES))


def standardise(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the table with its cosines in standard deviations: embedding models differ in how they spread theirs."""
    table = table.copy()
    table[:, :COSINES] = (table[:, :COSINES] - table[:, :COSINES].mean(axis=0)) / (
        table[:, :COSINES].std(axis=0) + 1e-6
    )
    return table


def _kind(passage: Passage) -> tuple[float, ...]:
    last = passage.headings[-1] if passage.headings else ""
    return (
        float(last.endswith("?")),
        float(not passage.headings),
        float(passage.path.startswith(ASIDES)),
    )


@lru_cache(maxsize=4_096)
def _read(label: str, text: str) -> _PassageTerms:
    found = terms(f"{label}\n{text}")
    return _PassageTerms(
        vector=passage_vector(found),
        terms=frozenset(found),
        pairs=frozenset(pairwise(found)),
    )


def without_duplicates(passages: Sequence[Passage], limit: int) -> list[Passage]:
    """Return the first `limit` passages but for those that repeat one before: its section, or nearly its words.

    The docs say the same on a page an installer and in a tab an SDK; three of the same leave no room for the others.
    """
    kept: list[Passage] = []
    said: list[Counter[str]] = []
    for passage in passages:
        words = _counted(passage.text)
        if any(_is_same_section(passage, other) for other in kept) or any(_is_alike(words, other) for other in said):
            continue
        kept.append(passage)
        said.append(words)
        if len(kept) == limit:
            break
    return kept


def neighbours_of(passages: Sequence[Passage], ranked: Sequence[Passage]) -> list[Passage]:
    """Return for each of these passages the best other part of its section among those that were found, if any."""
    others = [[one for one in ranked if one.id != own.id and _is_same_section(own, one)][:1] for own in passages]
    return [one for found in others for one in found]


def _is_same_section(one: Passage, other: Passage) -> bool:
    return (one.source, one.version, one.path, one.headings) == (
        other.source,
        other.version,
        other.path,
        other.headings,
    )


@lru_cache(maxsize=256)
def _counted(text: str) -> Counter[str]:
    return Counter(terms(text))


def _is_alike(one: Counter[str], other: Counter[str]) -> bool:
    fewer, more = sorted((one.total(), other.total()))
    if fewer < SAME_TEXT * more:
        return False
    return (one & other).total() >= SAME_TEXT * (one | other).total()


@lru_cache(maxsize=1)
def _weights() -> npt.NDArray[np.float64]:
    learned = json.loads((files("rag.starter") / WEIGHTS_FILE).read_text(encoding="utf-8"))["weights"]
    return np.array([learned[name] for name in FEATURES])
