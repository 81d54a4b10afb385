"""Leaks: a reply that repeats the instructions was talked into it, and is no answer."""

from __future__ import annotations

import re
from functools import lru_cache

from rag.answering.prompt import INSTRUCTIONS

RUN = 10
"""So many of the instructions' words in a row no answer on Milvus has by chance."""
_WORD = re.compile(r"\w+")


def repeats_instructions(reply: str) -> bool:
    """Tell whether a reply holds RUN neighbouring words of the instructions."""
    return not _runs(reply).isdisjoint(_told())


@lru_cache(maxsize=1)
def _told() -> frozenset[tuple[str, ...]]:
    return frozenset(_runs(INSTRUCTIONS))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}
