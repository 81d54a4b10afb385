"""Fit the rule that catches what is no question about Milvus before a model is asked, and tell what it costs.

    python -m benchmarks.calibrate QUESTIONS.jsonl [--write]

Answerable English rows of the file, and the short ones of benchmarks/topics.jsonl, against the other rows of that, over
the collection of MILVUS_URI, whole and its FAQ alone. Orders to the bot are caught by their words; what is left gets a
logistic regression on four signs. The threshold is set so that at most LOST of the answerable are turned away. Rows of
the file that nothing answers are not fitted on: how many of them are caught is the figure to believe.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from rag.domain import Question
from rag.evaluation import read_cases
from rag.query.prompt_injection import without_orders
from rag.query.search_plan import make_search_plan
from rag.query.versions import choose_versions
from rag.retrieval.ranking import measure
from rag.retrieval.scope import RULE_FILE, SIGNS, signs
from rag.settings import RagSettings
from rag.wiring import open_retriever

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rag.retrieval.retriever import HybridRetriever

LOST = 0.005
SHORT = "answerable, short"
PENALTY = 0.003
STEPS = 4_000
TOPICS = Path(__file__).parent / "topics.jsonl"
TARGET = Path(__file__).parent.parent / "rag" / "starter" / RULE_FILE


def signs_of(retriever: HybridRetriever, questions: Sequence[Question], only: str) -> list[list[float] | None]:
    """Return each question's signs in the pages below `only`; None for one that is nothing but orders."""
    return [_signs(retriever, question, only) for question in questions]


def _signs(retriever: HybridRetriever, question: Question, only: str) -> list[float] | None:
    asked = without_orders(question.text)
    if not asked:
        return None
    question = replace(question, text=asked)
    query = make_search_plan(question, vocabulary=retriever.vocabulary, speller=retriever.speller)
    vector = retriever.embed(query)
    found = retriever.candidates(query, vector, choose_versions(question.text, present=retriever.vocabulary.versions))
    candidates = [candidate for candidate in found if candidate.passage.path.startswith(only)] or found
    table = measure(candidates, query, vector)
    found_signs = signs(query.text, terms=len(set(query.terms)), table=table, candidates=candidates)
    return [found_signs[sign] for sign in SIGNS]


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
    """Return the questions by what they are: answerable, of kinds that are not, and the file's own such rows."""
    cases = [case for case in read_cases(path, ["faq", "full"]) if case.kind != "multilingual"]
    rows = [json.loads(line) for line in TOPICS.read_text(encoding="utf-8").splitlines()]
    groups = {
        "answerable from the FAQ": [case.question for case in cases if case.scope == "faq"],
        "answerable from the rest": [case.question for case in cases if case.scope == "full"],
    }
    for row in rows:
        groups.setdefault(SHORT if row["kind"] == "answerable" else row["kind"], []).append(
            Question(text=row["question"])
        )
    for case in read_cases(path, ["none"]):
        groups.setdefault(f"of the file: {case.subkind}", []).append(case.question)
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
            (name, only): signs_of(retriever, questions, only)
            for name, questions in groups.items()
            for only in ("", "faq/")
        }
    answerable = [(name, "") for name in groups if name.startswith("answerable")]
    weights, threshold = fit(
        _fitted(found, [*answerable, ("answerable from the FAQ", "faq/")]),
        _fitted(found, [(name, only) for name in ("chitchat", "other_product") for only in ("", "faq/")]),
    )
    table = Table("", "questions", "caught, full", "caught, FAQ", box=None)
    for name, questions in groups.items():
        shares = (_caught(found[name, only], weights, threshold) for only in ("", "faq/"))
        table.add_row(name, str(len(questions)), *(f"{share:.3f}" for share in shares))
    out = Console()
    out.print(table)
    rule = {
        "weights": {sign: round(float(weight), 3) for sign, weight in zip(SIGNS, weights, strict=True)},
        "threshold": round(threshold, 3),
    }
    out.print(rule)
    if options.write:
        TARGET.write_text(json.dumps(rule, indent=2) + "\n", encoding="utf-8")


def _fitted(
    found: dict[tuple[str, str], list[list[float] | None]], keys: Sequence[tuple[str, str]]
) -> npt.NDArray[np.float64]:
    return np.array([row for key in keys for row in found[key] if row])


def _caught(rows: Sequence[list[float] | None], weights: npt.NDArray[np.float64], threshold: float) -> float:
    return float(np.mean([row is None or float(np.array(row) @ weights) < threshold for row in rows]))


if __name__ == "__main__":
    main()
