"""Synonyms: everyday words get the docs' words beside them, `rows` → `entity`, `expire` → `TTL`."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

SYNONYMS_FILE = "synonyms.txt"
_WORD = re.compile(r"\w+")


def synonyms_for(text: str) -> str:
    """Return the words that the docs use for what the text says, those that it says already left out; "" for none."""
    lowered = text.lower()
    said = set(lowered.split())
    synonyms = _synonyms()
    likely = {number for word in _WORD.findall(lowered) for number in synonyms.by_first_word.get(word, ())}
    added = [word for number in sorted(likely) for word in synonyms.added_by(number, text)]
    return " ".join(dict.fromkeys(word for word in added if word.lower() not in said))


@dataclass(frozen=True, slots=True)
class _Synonyms:
    """What people say, and what is added for it, a line each; only lines whose first words are said are looked for."""

    phrases: list[re.Pattern[str]]
    words: list[list[str]]
    by_first_word: dict[str, set[int]]

    def added_by(self, number: int, text: str) -> list[str]:
        return self.words[number] if self.phrases[number].search(text) else []


@lru_cache(maxsize=1)
def _synonyms() -> _Synonyms:
    lines = (files("rag.starter") / SYNONYMS_FILE).read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" = ") for line in lines if line and not line.startswith("#")]
    said = [[phrase.strip() for phrase in phrases.split(",")] for phrases, _ in pairs]
    by_first_word: defaultdict[str, set[int]] = defaultdict(set)
    for number, phrases in enumerate(said):
        for phrase in phrases:
            by_first_word[_WORD.findall(phrase.lower())[0]].add(number)
    return _Synonyms([_pattern(phrases) for phrases in said], [words.split() for _, words in pairs], by_first_word)


def _pattern(phrases: list[str]) -> re.Pattern[str]:
    alternatives = "|".join(map(re.escape, phrases))
    return re.compile(rf"(?<![\w.-])(?:{alternatives})(?![\w-])", re.IGNORECASE)
