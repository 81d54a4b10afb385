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
    near = vectors @ vectors.T >= ALIKE
    neighbours = near.sum(axis=1)
    groups: list[list[int]] = []
    while neighbours.max() > 0:
        center = int(neighbours.argmax())
        members = np.flatnonzero(near[center])
        groups.append([center, *(int(place) for place in members if place != center)])
        neighbours -= near[:, members].sum(axis=1)
        near[:, members] = near[members] = False
        neighbours[members] = 0
    groups += [[place] for place in range(len(compared), len(texts))]
    return sorted(groups, key=len, reverse=True)
