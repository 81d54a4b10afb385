"""Subvectors: a passage's label and sentences have vectors of their own, beside the whole's.

They are kept in the passage's row as one text, a byte a number: 400 bytes a part in place of 8 kB, and a type that
every Milvus takes. Ranking compares the question with each.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rag.domain import Passage


MOST_SENTENCES = 10
SENTENCE_CHARACTERS = 400
MOST_BYTES = 65_535
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_SENTENCE_END = re.compile(r"\n\s*\n|\n(?=[-|*\d>])|(?<=[.!?:])\s+(?=[A-Z`])")
_WORD = re.compile(r"\w+")
SHORTEST = 3
"""Words that a sentence needs to be worth a vector."""


def subvector_texts(passage: Passage) -> list[str]:
    """Return the texts whose vectors stand behind the whole passage's: page > headings, then heading and sentence."""
    heading = passage.headings[-1] if passage.headings else passage.title
    sentences = sentences_of(_FENCE.sub("\n", passage.text))[:MOST_SENTENCES]
    return [passage.label, *(f"{heading}\n{sentence[:SENTENCE_CHARACTERS]}" for sentence in sentences)]


def sentences_of(text: str) -> list[str]:
    """Return a text's sentences, list items and table rows of some words."""
    parts = (part.strip() for part in _SENTENCE_END.split(text))
    return [part for part in parts if len(_WORD.findall(part)) >= SHORTEST]


def pack(vectors: Sequence[npt.NDArray[np.float32]]) -> str:
    """Return the vectors as one text, as many of the first as fit into a Milvus VARCHAR."""
    table = np.stack(vectors)
    bytes_ = np.rint(table / np.abs(table).max(axis=1, keepdims=True) * 127).astype(np.int8)
    fitting = MOST_BYTES * 3 // 4 // table.shape[1]
    return base64.b64encode(bytes_[:fitting].tobytes()).decode("ascii")


def unpack(text: str, dim: int) -> npt.NDArray[np.float32]:
    """Return the vectors that `pack` wrote, of length 1 again: [parts, dim]. A cosine is off by .003 at most."""
    table = np.frombuffer(base64.b64decode(text), dtype=np.int8).reshape(-1, dim).astype(np.float32)
    normed: npt.NDArray[np.float32] = table / np.linalg.norm(table, axis=1, keepdims=True)
    return normed
