"""Weighing: of statements whose words are in no passage, vectors tell whether one means the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag.checking.checker import is_unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rag.checking.checker import Verdict

    Vectors = npt.NDArray[np.float32]


def means_nothing(verdict: Verdict, statement: Vectors, passages: Sequence[Vectors | None]) -> bool:
    """Tell a statement that no passage seems to hold, of one whose words left it open.

    `statement` is its vector, `passages` hold the vectors of each passage's sentences, one a row, None where there are
    none: such a passage is taken to mean the same, so that nothing is called unsupported unseen.
    """
    cosines = [1.0 if rows is None else float(np.max(rows @ statement, initial=0.0)) for rows in passages]
    return is_unsupported(verdict, cosines)
