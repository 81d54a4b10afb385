"""Grouping: questions that are alike, told by their vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Encode = Callable[[list[str]], Sequence["npt.NDArray[np.float32]"]]
"""Texts in, vectors of length 1 out."""

ALIKE = 0.6
"""The cosine from which two questions ask the same: of pairs that were written as the same question in other words the
bundled model gives most more, of others nearly none."""
MOST_COMPARED = 2_000
"""Questions beyond these stand alone: each is compared with every other."""


def group_alike(texts: Sequence[str], encode: Encode) -> list[list[int]]:
    """Return the places of texts that are alike, the largest group first, in each the one in the middle first.

    Whoever has most neighbours takes them, and so on with the rest.
    """
    if not texts:
        return []
    compared = list(texts[:MOST_COMPARED])
    vectors = np.vstack([np.asarray(vector) for vector in encode(compared)])
    likeness = vectors @ vectors.T
    left = set(range(len(compared)))
    groups: list[list[int]] = []
    while left:
        places = sorted(left)
        near = likeness[np.ix_(places, places)] >= ALIKE
        middle = int(near.sum(axis=1).argmax())
        members = [places[place] for place in np.flatnonzero(near[middle])]
        center = places[middle]
        groups.append([center, *(place for place in members if place != center)])
        left -= {center, *members}
    groups += [[place] for place in range(len(compared), len(texts))]
    return sorted(groups, key=len, reverse=True)
