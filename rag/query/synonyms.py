"""Synonyms: everyday words get the docs' words beside them, `rows` → `entity`, `expire` → `TTL`."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

SYNONYMS_FILE = "synonyms.txt"


def synonyms_for(text: str) -> str:
    """Return the words that the docs use for what the text says, those that it says already left out; "" for none."""
    said = set(text.lower().split())
    added = [word for phrases, words in _entries() if phrases.search(text) for word in words]
    return " ".join(dict.fromkeys(word for word in added if word.lower() not in said))


@lru_cache(maxsize=1)
def _entries() -> list[tuple[re.Pattern[str], list[str]]]:
    lines = (files("rag.starter") / SYNONYMS_FILE).read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" = ") for line in lines if line and not line.startswith("#")]
    return [(_phrases(said), words.split()) for said, words in pairs]


def _phrases(said: str) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(phrase.strip()) for phrase in said.split(","))
    return re.compile(rf"(?<![\w.-])(?:{alternatives})(?![\w-])", re.IGNORECASE)
