"""Evaluation of retrieval: a question file in, hit@k, MRR and nDCG by kind out.

A row of the file names the sections that answer its question as `page.md#Heading`. A passage hits a section when it
comes from that page and its own heading is that heading. Sections on pages that are not in the collection can't be
found by anyone; they are not counted, and a row without any other is left out.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.domain import Message, Passage, Question
from rag.errors import RagError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

DEPTH = 10
"""How many passages are looked at for each question."""
SAMPLES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of a question file; `facts` are what an answer should say."""

    id: str
    kind: str
    scope: str
    question: Question
    relevant: tuple[str, ...]
    subkind: str = ""
    language: str = "en"
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well one question was served; each figure from 0 to 1."""

    hit3: float
    hit5: float
    mrr: float
    ndcg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A row and its figures."""

    case: Case
    score: Score


def read_cases(path: Path, scopes: Sequence[str]) -> list[Case]:
    """Return the rows of a JSON-lines file that have one of these scopes; raise RagError with the line it fails at."""
    cases: list[Case] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} can't be read ({error})."
        raise RagError(message) from error
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line) if line.strip() else None
            if row is not None and row["scope"] in scopes:
                cases.append(_case(row))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            message = f"{path}, line {number}, is not a question row ({type(error).__name__}: {error})."
            raise RagError(message) from error
    return cases


def _case(row: dict[str, Any]) -> Case:
    history = tuple(_message(turn) for turn in row.get("history") or ())
    return Case(
        id=row["id"],
        kind=row["kind"],
        scope=row["scope"],
        question=Question(text=row["question"], history=history),
        relevant=tuple(row["relevant"]),
        subkind=row.get("subkind") or "",
        language=row.get("lang") or ("" if row["kind"] == "multilingual" else "en"),
        facts=tuple(row.get("answer_facts") or ()),
    )


def _message(turn: dict[str, str]) -> Message:
    text = turn.get("text") or turn["content"]
    return Message(role="assistant" if turn["role"] == "assistant" else "user", text=text)


def run_line(case: Case, passages: Iterable[Passage]) -> str:
    """Return a row's line in a run file: its passages with path and text, best first."""
    chunks = [
        {"path": p.path, "text": p.text, "title": p.title, "heading": p.heading, "score": round(p.score, 6)}
        for p in passages
    ]
    return json.dumps({"id": case.id, "chunks": chunks}, ensure_ascii=False)


def score(case: Case, passages: Sequence[Passage], pages: set[str]) -> Score | None:
    """Return the row's figures; None where none of its sections lies on one of `pages`."""
    targets = {target for target in case.relevant if target.partition("#")[0] in pages}
    if not targets:
        return None
    found: set[str] = set()
    gains: list[int] = []
    for passage in passages[:DEPTH]:
        hit = {target for target in targets if _is_from(passage, target)}
        gains.append(1 if hit - found else 0)
        found |= hit
    first = gains.index(1) + 1 if 1 in gains else math.inf
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(DEPTH, len(targets)) + 1))
    gained = sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
    return Score(hit3=float(first <= 3), hit5=float(first <= 5), mrr=1 / first, ndcg=gained / ideal)  # noqa: PLR2004


def summarise(scored: Iterable[Scored]) -> dict[str, list[Scored]]:
    """Return the rows by group: all, English, each kind, each scope."""
    groups: defaultdict[str, list[Scored]] = defaultdict(list)
    for row in scored:
        english = ["English"] if row.case.language == "en" else []
        for group in ("all", *english, row.case.kind, f"scope {row.case.scope}"):
            groups[group].append(row)
    return dict(groups)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean: what 2,000 samples with replacement say."""
    means = _resampled_means(values)
    return percentile(means, 0.025), percentile(means, 0.975)


def difference(pairs: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the mean of ours - theirs over the pairs, and its 95 % bootstrap interval."""
    gaps = [ours - theirs for ours, theirs in pairs]
    return sum(gaps) / len(gaps), *interval(gaps)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which this share of the ordered values lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _resampled_means(values: Sequence[float]) -> list[float]:
    chance = random.Random(0)  # noqa: S311 - the same rows, the same interval
    return sorted(sum(chance.choices(values, k=len(values))) / len(values) for _ in range(SAMPLES))


def read_run(path: Path) -> dict[str, list[Passage]]:
    """Return what a run file says was found for each row; raise RagError where it is none."""
    found: dict[str, list[Passage]] = {}
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found[row["id"]] = [_found(chunk) for chunk in row["chunks"]]
    except (OSError, UnicodeDecodeError) as error:
        raise RagError(f"{path} can't be read ({error}).") from error
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise RagError(f"{path} is no run of `milvusfaq eval` ({type(error).__name__}: {error}).") from error
    return found


def _found(chunk: dict[str, Any]) -> Passage:
    """Return as much of a passage as a run keeps."""
    headings = tuple(chunk["heading"].split(" > ")) if chunk["heading"] else ()
    own = {"id": "", "source": "", "url": "", "version": "", "title": chunk["title"]}
    return Passage(path=chunk["path"], headings=headings, text=chunk["text"], **own)


def _is_from(passage: Passage, target: str) -> bool:
    path, _, heading = target.partition("#")
    own = passage.headings[-1] if passage.headings else passage.title
    return passage.path == path and _key(own) == _key(heading)


def _key(heading: str) -> str:
    return " ".join(re.sub(r"[`*\\]", "", heading).lower().split())
