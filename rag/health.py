"""Health: how what answering stands on does, as its parts have noted it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHealth:
    """A language model as its circuit breaker sees it: whether it `is_left_alone`, and its last failure in a row."""

    name: str
    is_left_alone: bool
    failures: int
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What answering stands on.

    `trouble` is why nothing can be searched, "" where it can; `checked_s` is how many seconds ago that was last seen.
    `models` are those that are set up.
    """

    trouble: str
    checked_s: float
    passages: int = 0
    built_at: float = 0.0
    models: tuple[ModelHealth, ...] = ()
