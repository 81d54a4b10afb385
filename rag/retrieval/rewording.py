"""Rewordings: how far a model's words for a question are trusted, told by how near they are to the question.

They are searched beside the question, never instead of it. The numbers come of questions with a right rewording and
with five kinds of bad ones (docs/quality.md): what is trusted costs at most one question of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.query.search_plan import search_text

if TYPE_CHECKING:
    from rag.domain import Question

_COMMON = re.compile("milvus", re.IGNORECASE)
NEAR_IN_ENGLISH = 0.5
"""The bundled model's cosine from which a rewording means the same: right ones have .48 to .94, others .45 at most."""
NEAR, VERY_NEAR = 0.84, 0.88
"""The multilingual model's, from another language into English: right ones have .85 to .98, others .86 at most."""
EQUAL, TRUSTED, DOUBTED, UNCHECKED = 1.0, 2.0, 0.6, 0.5
"""What a rewording counts beside the question's own order: 1 as much as that."""


def compared_texts(question: Question, reworded: str) -> list[str]:
    """Return the two texts that the multilingual model compares, without the name that all questions have in common."""
    return [_COMMON.sub("", text) for text in (search_text(question), reworded)]


def weight_of(cosine: float | None, *, is_foreign: bool) -> float:
    """Return what a rewording counts, 0 for nothing; `cosine` is None where no model can compare the two."""
    if cosine is None:
        return UNCHECKED
    if not is_foreign:
        return EQUAL if cosine >= NEAR_IN_ENGLISH else 0.0
    if cosine >= VERY_NEAR:
        return TRUSTED
    return DOUBTED if cosine >= NEAR else 0.0
