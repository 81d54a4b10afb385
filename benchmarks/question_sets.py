"""Question sets: rows with what is right, whether by section (questions) or by page (posts), and remarks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.domain import Question
from rag.evaluation import DEPTH, read_cases, score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rag.domain import Passage

    Hits = Callable[[Sequence[Passage]], tuple[float, float]]

BEYOND_KINDS = ("comparison", "roadmap", "license")
HIT = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A question, and what tells hit@3 and hit@10 of what was found for it."""

    question: Question
    hits: Hits


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Rows that one collection can answer, under the name of their table."""

    name: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Post:
    """A post, whether its writer wants an answer (`answer`, `nothing`, `person`), and what the docs hold of it.

    `holds` is "yes", "no", or "beyond" for what documentation does not tell: prices, plans, other products.
    """

    text: str
    wants: str
    holds: str


def questions(path: Path, scopes: Sequence[str], pages: set[str]) -> dict[str, list[Row]]:
    """Return the rows that `pages` can answer: English ones, and those in other languages."""
    rows: dict[str, list[Row]] = {"English": [], "other languages": []}
    for case in read_cases(path, list(scopes)):
        if score(case, [], pages) is None:
            continue

        def hits(found: Sequence[Passage], case: Any = case) -> tuple[float, float]:
            figures = score(case, found, pages)
            return (figures.hit3, float(figures.mrr > 0)) if figures else (0.0, 0.0)

        rows["English" if case.language == "en" else "other languages"].append(Row(case.question, hits))
    return {name: found for name, found in rows.items() if found}


def posts(path: Path, pages: set[str]) -> list[Row]:
    """Return the posts that `pages` can answer, right by page."""
    version = _version(path, pages)
    rows = []
    for row in read(path):
        right = set(row[f"pages_{version}"])
        if row[f"answerable_{version}"] == "no":
            continue

        def hits(found: Sequence[Passage], right: set[str] = right) -> tuple[float, float]:
            first = next((rank for rank, passage in enumerate(found, start=1) if passage.path in right), DEPTH + 1)
            return float(first <= HIT), float(first <= DEPTH)

        rows.append(Row(Question(text=row["text"]), hits))
    return rows


def all_posts(path: Path, pages: set[str]) -> list[Post]:
    """Return all posts of a file with what they want and what the docs hold."""
    version = _version(path, pages)
    return [
        Post(row["text"], "answer" if row["ask"] else "nothing", _holds(row, row[f"answerable_{version}"]))
        for row in read(path)
    ]


def remarks(path: Path) -> list[Post]:
    """Return what people write in a support channel."""
    return [
        Post(row["text"], "person" if row.get("person") else "answer" if row["ask"] else "nothing", "")
        for row in read(path)
    ]


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _holds(row: dict[str, Any], answerable: str) -> str:
    if answerable != "no":
        return "yes"
    return "beyond" if row["kind"] in BEYOND_KINDS or row["group"] == "other_product" else "no"


def _version(path: Path, pages: set[str]) -> str:
    """Return the docs version whose pages these are, by the rows that know theirs."""
    rows = read(path)
    versions = sorted(name.removeprefix("pages_") for name in rows[0] if name.startswith("pages_"))
    return max(versions, key=lambda version: sum(page in pages for row in rows for page in row[f"pages_{version}"]))
