"""Spelling: a misspelt word becomes the one that was meant, `colections` → `collections`.

A word is left alone when the docs or an English dictionary know it, and when it looks like a name: capitals inside a
sentence, digits, dots, underscores, quotes.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein
from spellchecker import SpellChecker

from rag.query.names import is_other_product

if TYPE_CHECKING:
    from collections import Counter

    import numpy.typing as npt

    from rag.text.vocabulary import Vocabulary


SHORTEST = 4
TWO_TYPOS_FROM = 8
"""A word of fewer letters may hold one typo, a longer one two."""
SHORTEST_PART = 4
PARTICLES = {"up", "down", "out", "off", "over", "back", "in", "on"}
EVERYDAY = 1_000
"""An English word that its corpus has this often may be what was meant; rarer ones are only known as right."""

_WORD = re.compile(r"(?<![\w.\-/=_`'\"\[])[A-Za-z]{4,}(?![\w.\-/=_'\"\](])")
_SENTENCE_START = re.compile(r"(?:^|[.!?\n])\s*$")


@dataclass(frozen=True, eq=False)
class EnglishWords:
    """How often an English corpus has each word. Kept as numbers: as words and counts they take 24 MB in place of 3.

    `hashes` are the words' own, in order; `counts` belong to them. `everyday` are those that it has often.
    """

    hashes: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    everyday: frozenset[str]

    def count(self, word: str) -> int:
        """Return how often the corpus has a word, 0 for one that is none."""
        hashed = hash(word)
        at = int(np.searchsorted(self.hashes, hashed))
        return int(self.counts[at]) if at < len(self.hashes) and self.hashes[at] == hashed else 0


@lru_cache(maxsize=1)
def _english() -> EnglishWords:
    counts: Counter[str] = SpellChecker(distance=1).word_frequency.dictionary
    hashes = np.fromiter(map(hash, counts), dtype=np.int64, count=len(counts))
    order = np.argsort(hashes)
    # Copies: kept among the 140,000 other words, their memory could not be given back.
    everyday = frozenset(word.encode().decode() for word, count in counts.items() if count >= EVERYDAY)
    return EnglishWords(hashes[order], np.fromiter(counts.values(), np.int64, len(counts))[order], everyday)


def _is_compound(word: str) -> bool:
    """Tell two everyday words written as one, as the trade does: `lookup`, `uptime`, `timestamp`."""
    everyday = _english().everyday
    return any(
        word[:cut] in everyday and word[cut:] in everyday
        for cut in range(2, len(word) - 1)
        if min(cut, len(word) - cut) >= SHORTEST_PART or {word[:cut], word[cut:]} & PARTICLES
    )


@dataclass(frozen=True)
class Speller:
    """Corrects words by a collection's vocabulary first and English second."""

    vocabulary: Vocabulary

    def correct(self, text: str) -> str:
        """Return the text with its misspelt words corrected; everything but those words stays as it is."""
        return _WORD.sub(lambda match: self._corrected(text, match), text)

    def _corrected(self, text: str, match: re.Match[str]) -> str:
        word = match[0]
        is_name = word != word.lower() and not (
            word[1:] == word[1:].lower() and _SENTENCE_START.search(text[: match.start()])
        )
        return word if is_name else self._best_correction(word.lower(), word)

    def _best_correction(self, word: str, written: str) -> str:
        known = word in self.vocabulary.word_counts or _english().count(word) > 0
        if known or _is_compound(word) or is_other_product(word):
            return written
        typos = 1 if len(word) < TWO_TYPOS_FROM else 2
        candidates = [
            known
            for length in range(len(word) - typos, len(word) + typos + 1)
            for known in self._by_length.get(length, ())
        ]
        near = process.extract_iter(word, candidates, scorer=DamerauLevenshtein.distance, score_cutoff=typos)
        likely = [(distance, -self._likelihood(word, known), known) for known, distance, _ in near]
        return min(likely)[2] if likely else written

    def _likelihood(self, word: str, known: str) -> float:
        """Weigh what is said here against English, and the typos that fingers make: dropped and swapped letters."""
        letters = iter(known)
        dropped = all(letter in letters for letter in word)
        swapped = sorted(word) == sorted(known)
        counts = self.vocabulary.word_counts
        said = 2 * math.log1p(counts.get(known, 0)) + 0.3 * math.log1p(_english().count(known))
        return said + 3 * dropped + 3 * swapped + 2 * (word[0] == known[0])

    @cached_property
    def _by_length(self) -> defaultdict[int, list[str]]:
        lengths: defaultdict[int, list[str]] = defaultdict(list)
        for word in _english().everyday.union(self.vocabulary.word_counts):
            if len(word) >= SHORTEST - 1:
                lengths[len(word)].append(word)
        return lengths
