"""The dictionary: words of a question in another language become the nearest words of the English docs.

Where a language writes no blanks, every two or three neighbouring characters may be a word: those that mean most are
taken first, and what they leave of the text after them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]

MOST_CHARACTERS = 100
"""As much of a text is looked up: a post says early what it is about."""
MOST_WORDS = 16
LEAST_COSINE = 0.88
"""Of the multilingual model; unrelated words have .75 to .86."""
_UNSPACED = re.compile(r"[\u3041-\u309f\u3400-\u9fff]+")
"""Chinese characters and hiragana; katakana spell a foreign word, all of it."""
_HIRAGANA = re.compile(r"[\u3041-\u309f]+")
_WORD = re.compile(r"[^\W\d_]+")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]+")
_SIZES = (2, 3)
SHORTEST = 3
_EMPTY = """
the and are for with from that this can not you your our will has have was were when then than into per via use used
using all any each its more most other such only after before between during how what which who why where does should
would could must may might there here they them these those been being also but
"""
EMPTY_WORDS = frozenset(_EMPTY.split())
"""Words of the docs that are no meaning of anything: a search could not use them."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a text that may be a word: its place, and its letters."""

    start: int
    end: int
    text: str


def units(text: str) -> list[Unit]:
    """Return what may be a word in the text's beginning."""
    said = text[:MOST_CHARACTERS].lower()
    places = [
        (at, at + size)
        for run in _UNSPACED.finditer(said)
        for size in _SIZES
        for at in range(run.start(), run.end() - size + 1)
        if not _HIRAGANA.fullmatch(said, at, at + size)  # an ending, or a particle
    ]
    spaced = _UNSPACED.sub(lambda run: " " * len(run[0]), said)
    words = (word for word in _WORD.finditer(spaced) if len(word[0]) >= SHORTEST or _HANGUL.match(word[0]))
    places += [word.span() for word in words]
    return [Unit(start, end, said[start:end]) for start, end in places]


def translate(found: Sequence[Unit], vectors: Vectors, words: Sequence[str], word_vectors: Vectors) -> list[str]:
    """Return the words that the units mean, the surest first; `vectors` has a row a unit, `word_vectors` one a word."""
    if not found or not words:
        return []
    cosines = vectors @ word_vectors.T
    nearest, surest = cosines.argmax(axis=1), cosines.max(axis=1)
    taken: set[int] = set()
    meant: dict[str, None] = {}
    for row in np.argsort(-surest, kind="stable"):
        unit = found[row]
        if surest[row] < LEAST_COSINE or len(meant) == MOST_WORDS:
            break
        if taken.isdisjoint(range(unit.start, unit.end)):
            taken.update(range(unit.start, unit.end))
            meant[words[nearest[row]]] = None
    return list(meant)


def latin_words(text: str) -> list[str]:
    """Return what the text holds of English already: names, identifiers, error messages."""
    return list(dict.fromkeys(_LATIN.findall(text)))
