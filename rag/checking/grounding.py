"""Grounding: a settler for a question's passages, and vectors where the words of a statement are in no passage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.checking.checker import Checker, is_unsupported
from rag.checking.evidence import evidence_of
from rag.checking.marks import addresses
from rag.checking.settling import Settler
from rag.checking.values import looked

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.checking.settling import Statement
    from rag.domain import Passage, Question

    Vectors = npt.NDArray[np.float32]


def make_settler(question: Question, passages: Sequence[Passage], *, most: int) -> Settler:
    """Return what settles a reply to a question: what was said in the thread needs no passage."""
    said = "\n".join([question.text, question.before, *(message.text for message in question.history)])
    known = frozenset(address for passage in passages for address in (*addresses(passage.text), passage.url))
    checker = Checker(passages=[evidence_of(passage) for passage in passages], said=looked(said))
    return Settler(checker=checker, known=known, most=most)


def means_nothing(statement: Statement, vector: Vectors, passages: Sequence[Vectors | None]) -> bool:
    """Tell a statement that no passage seems to hold, of one whose words left it open.

    `vector` is the statement's, `passages` hold the vectors of each passage's sentences, one a row, None where there
    are none: such a passage is taken to mean the same, so that nothing is called unsupported unseen.
    """
    cosines = [1.0 if rows is None else float((rows @ vector).max(initial=0.0)) for rows in passages]
    return is_unsupported(statement.verdict, cosines)
