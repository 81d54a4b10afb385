"""What is searched for, and what was seen there: values between the retriever's steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from rag.retrieval.ranking import rank
from rag.text.terms import query_vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rag.domain import Candidate, Passage, Question
    from rag.query.search_plan import SearchPlan
    from rag.query.versions import Versions
    from rag.retrieval.foreign import ForeignQuestion

EXPANDED_SHARE = 0.4
"""What the vector of the question with the docs' words counts against the one without."""


class Search(NamedTuple):
    """One search in Milvus, in the passages of these docs versions."""

    by: Literal["words", "meaning"]
    vector: Any
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What is looked for: the whole question and its parts, and the docs versions that they may be found in."""

    question: Question
    foreign: ForeignQuestion | None
    plans: tuple[SearchPlan, ...]
    versions: Versions

    @property
    def texts(self) -> list[str]:
        """What is embedded."""
        return [text for plan in self.plans for text in texts_of(plan)]

    @property
    def by_words(self) -> list[Search]:
        """The search for each plan's words."""
        return [Search("words", query_vector(plan.weights), self.versions.searched) for plan in self.plans]

    def by_meaning(self, vectors: Sequence[npt.NDArray[np.float32]]) -> list[Search]:
        """Return the search for each plan's vector."""
        return [Search("meaning", vector, self.versions.searched) for vector in vectors]

    def vectors(self, vectors: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
        """Return each plan's vector, of those of `texts`."""
        left = iter(vectors)
        return [blend([next(left) for _ in texts_of(plan)]) for plan in self.plans]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one plan finds, and what ranking measured of it.

    `vector` is the plan's, `bonus` what each candidate gains beside, if any.
    """

    plan: SearchPlan
    vector: npt.NDArray[np.float32]
    candidates: list[Candidate]
    table: npt.NDArray[np.float64]
    bonus: npt.NDArray[np.float64] | None = None


def texts_of(plan: SearchPlan) -> list[str]:
    """Return the text, and the text with the docs' words where they add any."""
    return [plan.text] if plan.expanded == plan.text else [plan.text, plan.expanded]


def blend(vectors: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return one vector of length 1 for those of a query's texts."""
    plain, *expanded = vectors
    vector = (1 - EXPANDED_SHARE) * plain + EXPANDED_SHARE * expanded[0] if expanded else plain
    unit: npt.NDArray[np.float32] = np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
    return unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A question's views: of the whole, then of its parts."""

    searched: Searched
    views: Sequence[View]

    @property
    def whole(self) -> View:
        """The view of the whole question."""
        return self.views[0]

    @property
    def orders(self) -> list[list[Passage]]:
        """The order of each view."""
        return [rank(view.table, view.candidates, bonus=view.bonus) for view in self.views]


@dataclass(frozen=True, slots=True)
class Reworded:
    """The views of a question in a model's words, and what they count beside the question's own: 0 for nothing.

    `alone` is a follow-up without the turn before it, None for another question.
    """

    looked: Looked
    weight: float
    alone: Looked | None
