"""Terms: what a text is searched by, and sparse vectors whose inner product is BM25.

The vectors are ours, not the server's, so that Milvus Lite, a server and Zilliz Cloud score alike, and so that an
identifier counts whole and in its parts: `queryNode.enableDisk` is `=querynode.enabledisk`, `queri`, `node`, `enabl`,
`disk`. A passage's side holds the saturated term frequency, a question's side the rarity of its terms.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import snowballstemmer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


K1 = 1.5
B = 0.75
"""BM25's usual constants: how soon a repeated term stops counting, and how much a long passage loses."""
USUAL_TERMS = 90
"""The length that BM25 measures others by, in terms. A constant near the docs' mean, not the mean itself: a passage's
vector then depends on the passage alone, and an ingest need not touch the others."""

# fmt: off
STOP_WORDS = frozenset({
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "but", "by", "can", "could", "did", "do", "does", "for",
    "from", "get", "had", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "just", "like", "me", "my",
    "need", "no", "not", "of", "on", "one", "or", "our", "should", "so", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "to", "use", "used", "using", "want", "was", "we", "were", "what", "when",
    "where", "which", "who", "why", "will", "with", "would", "you", "your", "also", "am",
})
# fmt: on
_TERM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-/]*[A-Za-z0-9_]|[A-Za-z0-9]")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_JOINT = re.compile(r"[.\-/]")


class _Stemmer(threading.local):
    """A stemmer for each thread: it keeps the word that it works on in itself, and two at once never come to an end."""

    def __init__(self) -> None:
        self.stem = snowballstemmer.stemmer("english").stemWord


_stemmer = _Stemmer()


def terms(text: str) -> list[str]:
    """Return the text's terms in their order, stop words left out, stems for words, `=whole` for identifiers."""
    return [term for written in _TERM.findall(text) for term in _terms_of(written)]


@lru_cache(maxsize=50_000)
def _terms_of(written: str) -> tuple[str, ...]:
    lowered = written.lower()
    parts = [part.lower() for part in _PART.findall(written)]
    if len(parts) < 2 and not re.search(r"[._\-/]", written):  # noqa: PLR2004 - a word, or a number
        return () if lowered in STOP_WORDS else (_stem(lowered),)
    pieces = [piece for piece in _JOINT.split(lowered) if "_" in piece and piece != lowered]
    return (
        f"={lowered.strip('.-/')}",
        *(f"={piece}" for piece in pieces),
        *(_stem(part) for part in parts if part not in STOP_WORDS),
    )


def _stem(word: str) -> str:
    stem: str = _stemmer.stem(word)
    return stem


def passage_vector(passage_terms: Sequence[str]) -> dict[int, float]:
    """Return a passage's sparse vector: each term's saturated frequency, at most K1 + 1."""
    length = K1 * (1 - B + B * len(passage_terms) / USUAL_TERMS)
    counts = Counter(passage_terms)
    return {_dimension(term): count * (K1 + 1) / (count + length) for term, count in counts.items()}


def query_vector(weights: Mapping[str, float]) -> dict[int, float]:
    """Return a question's sparse vector from its terms' weights (their rarity, as Vocabulary.rarity tells it)."""
    return {_dimension(term): weight for term, weight in weights.items() if weight > 0}


def _dimension(term: str) -> int:
    """Return the term's dimension: a hash, below Milvus' bound of 2³² - 1. No table has to be kept for it."""
    return zlib.crc32(term.encode()) & 0x7FFF_FFFF
