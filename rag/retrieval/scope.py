"""Scope: before any model is asked, questions that are not about Milvus are turned away.

Three ways out: it gives the bot orders, it names another product, or nothing that the docs say is near it.
`make calibrate` fits the numbers on answerable questions and on benchmarks/topics.jsonl, and prints what they cost.
What is about Milvus and yet not in the docs can't be told here: the model's prompt does that.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rag.query.other_products import other_product_in
from rag.retrieval.ranking import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.domain import Candidate, OffTopic


RULE_FILE = "topic.json"
NEAREST = 3
SIGNS = ("sentence", "words", "length", "product")
"""What is weighed: the nearest sentence's cosine, the best BM25, the question's number of terms, another product."""

_MILVUS = re.compile(r"\b(?:milvus|zilliz|attu|birdwatcher|knowhere|pymilvus)\b", re.IGNORECASE)


def off_topic(
    text: str, *, terms: int, table: npt.NDArray[np.float64], candidates: Sequence[Candidate]
) -> OffTopic | None:
    """Return why the question (of so many terms) is none for the docs, or None; `table` is what ranking measured."""
    rule = _rule()
    found = signs(text, terms=terms, table=table, candidates=candidates)
    if sum(rule.weights[sign] * value for sign, value in found.items()) >= rule.threshold:
        return None
    return "another product" if found["product"] else "nothing near"


def signs(
    text: str, *, terms: int, table: npt.NDArray[np.float64], candidates: Sequence[Candidate]
) -> dict[str, float]:
    """Return what the rule weighs."""
    best = table.max(axis=0)
    return {
        "sentence": float(best[FEATURES.index("sentence")]),
        "words": math.log1p(10 * best[FEATURES.index("bm25")]),
        "length": math.log1p(terms),
        "product": float(_is_about_another(text, table, candidates)),
    }


def _is_about_another(text: str, table: npt.NDArray[np.float64], candidates: Sequence[Candidate]) -> bool:
    """Tell whether it names another product, not Milvus, and the nearest passages do not name that either."""
    named = other_product_in(text)
    if not named or _MILVUS.search(text):
        return False
    nearest = table[:, FEATURES.index("whole")].argsort()[::-1][:NEAREST]
    return not any(named.lower() in candidates[i].passage.text.lower() for i in nearest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    weights: dict[str, float]
    threshold: float


@lru_cache(maxsize=1)
def _rule() -> _Rule:
    return _Rule(**json.loads((files("rag.starter") / RULE_FILE).read_text(encoding="utf-8")))
