"""Evidence: how much of a statement each passage holds, by words, and where those do not tell, by vectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.checking.values import looked
from rag.text.subvectors import sentences_of
from rag.text.terms import terms

if TYPE_CHECKING:
    from rag.checking.values import Looked
    from rag.domain import Passage


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a passage holds: its values, its terms, those of each two neighbouring sentences, and the sentences."""

    values: Looked
    terms: frozenset[str]
    windows: tuple[frozenset[str], ...]
    sentences: tuple[str, ...]

    def coverage(self, wanted: frozenset[str]) -> float:
        """Return the mean share of a statement's terms in the passage, and in two neighbouring sentences of it."""
        if not wanted:
            return 0.0
        nearest = max((len(wanted & window) for window in self.windows), default=0)
        return (len(wanted & self.terms) + nearest) / (2 * len(wanted))


@lru_cache(maxsize=256)
def evidence(label: str, text: str) -> Evidence:
    """Return what a passage holds."""
    sentences = sentences_of(text) or [text]
    head = frozenset(terms(label))
    own = [frozenset(terms(sentence)) for sentence in sentences]
    following = [*own[1:], frozenset[str]()]
    return Evidence(
        values=looked(f"{label}\n{text}"),
        terms=frozenset(terms(text)) | head,
        windows=tuple(head | one | two for one, two in zip(own, following, strict=True)),
        sentences=tuple(f"{label.rpartition(' > ')[2]}\n{sentence}" for sentence in sentences),
    )


def evidence_of(passage: Passage) -> Evidence:
    """Return what a passage of the collection holds."""
    return evidence(passage.label, passage.text)
