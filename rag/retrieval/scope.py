"""Scope: before any model is asked, what the docs do not hold is turned away, by words and scores together.

It names another product alone; it asks of prices, plans, licences or a comparison, and nothing that was found speaks of
that; or nothing that the docs say is near it. `make calibrate` fits the numbers of the last on
our own rows, and prints what they cost. What is about Milvus and yet not in the docs can't be told here:
the model's prompt does that.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rag.query.beyond_docs import beyond_docs, is_told, names_milvus
from rag.query.names import other_product_in, speaks_of_milvus
from rag.query.orders import gives_orders
from rag.query.post import read_post
from rag.retrieval.ranking import FEATURES
from rag.text.language import is_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.domain import OffTopic, Passage
    from rag.retrieval.searched import View


RULE_FILE = "topic.json"
NEAREST = 3
SIGNS = ("sentence", "words", "length")
"""What is weighed: the nearest sentence's cosine, the best BM25, the question's number of terms."""


_JOINS = re.compile(
    r"\b(?:migrat\w+|mov(?:e|es|ed|ing)|transfer\w*|import\w*|export\w*|convert\w*|switch\w*|integrat\w+|sync\w*"
    r"|connect(?:or|ors|ing|s)?|copy|copied|load(?:ing)? from|equivalent|counterpart)\b"
    r"|迁移|导入|移行|이전|마이그레이션|миграц|перен|umzieh|übertrag|migra",
    re.IGNORECASE,
)
"""Who moves data from one product to another, or joins the two."""


def off_topic(
    text: str,
    *,
    alone: str = "",
    parts: Sequence[dict[str, float]],
    whole: View,
    best: Sequence[Passage],
) -> OffTopic | None:
    """Return why the question is none for the docs, or None.

    `parts` are the signs of the whole and of each part: one that is near is enough. `alone` is a follow-up without the
    turn before it, where `parts` are of that and of a model's words for it. `best` would be shown first.
    """
    post = read_post(text)
    said = f"{post.headline}\n{post.prose}" if post else text  # what a log or a configuration names is not the matter
    if _is_about_another(said, whole):
        return "another product"
    kind = beyond_docs(said)
    if kind and not any(is_told(kind, said, passage) for passage in best):
        return kind
    if speaks_of_milvus(alone or said) or is_foreign(text) or any(map(_is_near, parts)):
        return None  # an English model sees nothing near a foreign question, which tells nothing
    return "orders" if gives_orders(text) else "nothing near"


def _is_near(found: dict[str, float]) -> bool:
    rule = _rule()
    return sum(rule.weights[sign] * value for sign, value in found.items()) >= rule.threshold


def signs(*, terms: int, table: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return what the rule weighs."""
    best = table.max(axis=0)
    return {
        "sentence": float(best[FEATURES.index("sentence")]),
        "words": math.log1p(10 * best[FEATURES.index("bm25")]),
        "length": math.log1p(terms),
    }


def _is_about_another(text: str, whole: View) -> bool:
    """Tell whether it names another product and not Milvus.

    Who moves from there, or joins the two, is at home here where the nearest passages name that product too.
    """
    named = other_product_in(text)
    if not named or names_milvus(text):
        return False
    nearest = whole.table[:, FEATURES.index("whole")].argsort()[::-1][:NEAREST]
    is_told = any(named.lower() in whole.candidates[i].passage.text.lower() for i in nearest)
    return not (is_told and _JOINS.search(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    weights: dict[str, float]
    threshold: float


@lru_cache(maxsize=1)
def _rule() -> _Rule:
    return _Rule(**json.loads((files("rag.starter") / RULE_FILE).read_text(encoding="utf-8")))
