"""The vocabulary of a collection: how rare a term is, and which words the docs know at all."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.domain import Passage


_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_WORD = re.compile(r"[a-z]{3,}")
RARE = 2
"""A term that stands in fewer passages than this is not kept: most are numbers out of examples."""


@dataclass(frozen=True)
class Vocabulary:
    """What a collection's passages say: in how many of them each term and each word of prose stands.

    `passages` is how many there are, `versions` the docs versions among them ("" for documents that have none).
    """

    passages: int = 0
    term_counts: Counter[str] = field(default_factory=Counter)
    word_counts: Counter[str] = field(default_factory=Counter)
    versions: tuple[str, ...] = ()

    def rarity(self, term: str) -> float:
        """Return the term's inverse document frequency, as BM25 has it: ln(1 + (N - n + ½) / (n + ½))."""
        count = self.term_counts.get(term, 0)
        return math.log1p((self.passages - count + 0.5) / (count + 0.5))


def count_words(passages: Iterable[Passage]) -> Vocabulary:
    """Return the vocabulary of these passages."""
    number, term_counts, word_counts, versions = 0, Counter[str](), Counter[str](), set[str]()
    for number, passage in enumerate(passages, start=1):  # noqa: B007 - the last number is how many there were
        text = f"{passage.label}\n{passage.text}"
        term_counts.update(set(terms(text)))
        word_counts.update(set(_WORD.findall(_FENCE.sub("", text).lower())))
        versions.add(passage.version)
    return Vocabulary(
        passages=number,
        term_counts=_frequent(term_counts),
        word_counts=word_counts,
        versions=tuple(sorted(versions)),
    )


def _frequent(counts: Counter[str]) -> Counter[str]:
    return Counter({key: count for key, count in counts.items() if count >= RARE})


def to_json(vocabulary: Vocabulary) -> str:
    """Return the vocabulary as one text, in ASCII."""
    return json.dumps(
        {
            "passages": vocabulary.passages,
            "versions": vocabulary.versions,
            "terms": vocabulary.term_counts,
            "words": vocabulary.word_counts,
        },
        separators=(",", ":"),
    )


def from_json(text: str) -> Vocabulary:
    """Return the vocabulary that `to_json` wrote."""
    kept = json.loads(text)
    return Vocabulary(
        passages=kept["passages"],
        term_counts=Counter(kept["terms"]),
        word_counts=Counter(kept["words"]),
        versions=tuple(kept["versions"]),
    )
