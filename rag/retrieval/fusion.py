"""Fusion: the orders that a post's parts give become one, by reciprocal rank fusion.

Nothing of it is fitted. Cormack, Clarke, Büttcher (SIGIR 2009): a passage's score is the sum of 1 / (k + rank) over the
orders that hold it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.domain import Passage

RANK_CONSTANT = 10
"""Less than the usual 60: of a handful of orders, the first places are to count."""


def fuse(orders: Sequence[Sequence[Passage]], weights: Sequence[float] = ()) -> list[Passage]:
    """Return the passages of all orders, best first; one that several hold is taken from the first of them.

    `weights` say what each order counts, 1 where there are none.
    """
    if len(orders) == 1:
        return list(orders[0])
    scores: defaultdict[str, float] = defaultdict(float)
    passages: dict[str, Passage] = {}
    for order, weight in zip(orders, weights or [1.0] * len(orders), strict=True):
        for rank, passage in enumerate(order, start=1):
            scores[passage.id] += weight / (RANK_CONSTANT + rank)
            passages.setdefault(passage.id, passage)
    return sorted(passages.values(), key=lambda passage: -scores[passage.id])


def one_a_page(passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages with the best of each page before the others: a post's answer may stand on several pages."""
    best: dict[tuple[str, str, str], Passage] = {}
    for passage in passages:
        best.setdefault((passage.source, passage.version, passage.path), passage)
    first = {passage.id for passage in best.values()}
    return [*best.values(), *(passage for passage in passages if passage.id not in first)]
