"""Fit the rule that catches what nothing in the docs is near, and tell what all of scope costs and catches.

    python -m benchmarks.calibrate QUESTIONS.jsonl [--write]

The rule is a logistic regression on three signs, fitted on the answerable rows of the file, of benchmarks/topics.jsonl
and of benchmarks/rows/scope.jsonl against their other rows, over the collection of MILVUS_URI, whole and its FAQ alone.
The threshold is set so that at most LOST of those that are to be answered are turned away. Rows of the file that
nothing answers are not fitted on: how many of them are caught is the figure to believe.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from rag.domain import Question
from rag.evaluation import read_cases
from rag.retrieval.ranking import measure, rank
from rag.retrieval.scope import NEAREST, RULE_FILE, SIGNS, off_topic, signs
from rag.settings import RagSettings
from rag.text.language import is_foreign
from rag.wiring import open_retriever

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from rag.domain import OffTopic
    from rag.retrieval.retriever import HybridRetriever

LOST = 0.005
PENALTY = 0.003
STEPS = 4_000
ANSWERED = ("told by the docs", "harmless", "answerable")
"""The kinds of rows that are to be answered from the whole docs; of a smaller collection nobody can say."""
FITTED_OF_FILE = {"of the file: faq": ("", "faq/"), "of the file: full": ("",)}
AWAY = ("chitchat", "other_product", "another product", "nothing near")
"""The kinds that nothing in the docs is near."""
ROWS = Path(__file__).parent
TARGET = Path(__file__).parent.parent / "rag" / "starter" / RULE_FILE


@dataclass(frozen=True, slots=True)
class Read:
    """A question's signs, and why it is turned away today, None where it is not."""

    signs: list[float]
    reason: OffTopic | None


def read(retriever: HybridRetriever, question: Question, only: str) -> Read:
    """Return what scope reads of a question in the pages below `only`."""
    whole = retriever.look_now(question).whole
    of_pages = [found for found in whole.candidates if found.passage.path.startswith(only)] or whole.candidates
    table = measure(of_pages, whole.plan, whole.vector)
    weighed = signs(terms=len(set(whole.plan.terms)), table=table)
    view = replace(whole, candidates=of_pages, table=table)
    reason = off_topic(whole.plan.text, parts=[weighed], whole=view, best=rank(table, of_pages)[:NEAREST])
    return Read([weighed[sign] for sign in SIGNS], reason)


def fit(on: npt.NDArray[np.float64], off: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """Return a weight a sign and the threshold below which a question is off topic."""
    table = np.concatenate([on, off])
    wanted = np.concatenate([np.ones(len(on)), np.zeros(len(off))])
    centre, spread = table.mean(axis=0), table.std(axis=0) + 1e-9
    scaled = np.column_stack([(table - centre) / spread, np.ones(len(table))])
    weights = np.zeros(scaled.shape[1])
    for _ in range(STEPS):
        slope = scaled.T @ (1 / (1 + np.exp(-scaled @ weights)) - wanted) / len(table)
        slope[:-1] += 2 * PENALTY * weights[:-1]
        weights -= 0.5 * slope
    raw = weights[:-1] / spread
    return raw, float(np.quantile(on @ raw, LOST))


def read_groups(path: Path) -> dict[str, list[Question]]:
    """Return the questions by what they are: our own rows by kind, and the file's by scope."""
    groups: dict[str, list[Question]] = {}
    for name in ("topics.jsonl", "rows/scope.jsonl"):
        for line in (ROWS / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if not is_foreign(text := row.get("text") or row["question"]):
                groups.setdefault(row["kind"], []).append(Question(text=text))
    for case in read_cases(path, ["faq", "full", "none"]):
        if case.language == "en":
            groups.setdefault(f"of the file: {case.subkind or case.scope}", []).append(case.question)
    return groups


def main() -> None:
    """Print the table; with --write, keep the rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--write", action="store_true", help=f"write rag/starter/{RULE_FILE}")
    options = parser.parse_args()
    groups = read_groups(options.questions)
    with open_retriever(RagSettings()) as retriever:
        found = {
            (name, only): [read(retriever, question, only) for question in questions]
            for name, questions in groups.items()
            for only in ("", "faq/")
        }
    of_file = [(name, only) for name in groups for only in FITTED_OF_FILE.get(name, ())]
    weights, threshold = fit(
        _fitted(found, [*((kind, "") for kind in ANSWERED), *of_file]),
        _fitted(found, [(kind, only) for kind in AWAY for only in ("", "faq/")]),
    )
    table = Table("", "questions", "nothing near, full", "FAQ", "turned away today, full", "FAQ", box=None)
    for name, questions in groups.items():
        rows = [found[name, only] for only in ("", "faq/")]
        far = (_share(float(np.array(one.signs) @ weights) < threshold for one in row) for row in rows)
        today = (_share(one.reason is not None for one in row) for row in rows)
        table.add_row(name, str(len(questions)), *(f"{share:.3f}" for share in (*far, *today)))
    out = Console()
    out.print(table)
    rule = {
        "weights": {sign: round(float(weight), 3) for sign, weight in zip(SIGNS, weights, strict=True)},
        "threshold": round(threshold, 3),
    }
    out.print(rule)
    if options.write:
        TARGET.write_text(json.dumps(rule, indent=2) + "\n", encoding="utf-8")


def _fitted(found: dict[tuple[str, str], list[Read]], keys: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
    return np.array([one.signs for key in keys for one in found[key]])


def _share(flags: Iterable[bool]) -> float:
    return float(np.mean(list(flags)))


if __name__ == "__main__":
    main()
