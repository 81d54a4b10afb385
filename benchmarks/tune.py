"""Learn the ranking's weights from a question file, and tell how well they do on questions they have not seen.

    python -m benchmarks.tune QUESTIONS.jsonl [--write]

The collection of MILVUS_URI is searched as the bot searches it; what it finds are the candidates. The weights minimise
-log of the softmax share of right candidates, plus a penalty on their size. Cross-validated figures come from weights
that have not seen the question (8 folds, 3 shuffles; rows of the same question stay together).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from rag.evaluation import read_cases, score
from rag.query.search_plan import make_search_plan, search_text
from rag.query.versions import choose_versions
from rag.retrieval.ranking import FEATURES, WEIGHTS_FILE, measure, standardise, without_duplicates
from rag.settings import RagSettings
from rag.wiring import open_retriever

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rag.domain import Passage
    from rag.evaluation import Case
    from rag.retrieval.retriever import HybridRetriever

FOLDS = 8
SHUFFLES = 3
PENALTY = 3.0
STEPS = 400
TARGET = Path(__file__).parent.parent / "rag" / "starter" / WEIGHTS_FILE


@dataclass(frozen=True, kw_only=True)
class Example:
    """One question over one corpus: its candidates, their features, and which of them are right."""

    case: Case
    corpus: str
    passages: list[Passage]
    table: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    pages: set[str]


def collect(retriever: HybridRetriever, cases: Sequence[Case]) -> list[Example]:
    """Return each case over the whole collection, and the FAQ's over its FAQ pages alone as well."""
    pages = retriever.store.paths()
    faq = {page for page in pages if page.startswith("faq/")}
    return [
        example
        for case in cases
        for corpus, kept in (("full", pages), ("faq", faq))
        if (corpus == "full" or case.scope == "faq") and (example := _example(retriever, case, corpus, kept))
    ]


def _example(retriever: HybridRetriever, case: Case, corpus: str, pages: set[str]) -> Example | None:
    query = make_search_plan(search_text(case.question), vocabulary=retriever.vocabulary, speller=retriever.speller)
    versions = choose_versions(case.question.text, present=retriever.vocabulary.versions)
    vector = retriever.embed(query)
    found = retriever.candidates(query, vector, versions)
    candidates = [candidate for candidate in found if candidate.passage.path in pages]
    if not candidates:
        return None
    passages = [candidate.passage for candidate in candidates]
    figures = [score(case, [passage], pages) for passage in passages]
    if figures[0] is None:
        return None
    right = np.array([bool(figure and figure.hit3) for figure in figures])
    table = standardise(measure(candidates, query, vector))
    return Example(case=case, corpus=corpus, passages=passages, table=table, right=right, pages=pages)


def learn(examples: Sequence[Example], columns: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return a weight a column, by gradient steps on features in standard deviations."""
    tables = np.concatenate([example.table[:, columns] for example in examples])
    spread = tables.std(axis=0) + 1e-9
    usable = [
        (e.table[:, columns] / spread, e.right, 0.5 if e.corpus == "faq" else 1.0) for e in examples if e.right.any()
    ]
    weights, momentum, square = (np.zeros(len(columns)) for _ in range(3))
    for step in range(1, STEPS + 1):
        slope = PENALTY * weights + sum(
            weight * _slope(table @ weights, right, table) for table, right, weight in usable
        )
        momentum, square = 0.9 * momentum + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        weights = weights - 0.05 * (momentum / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
    return np.asarray(weights / spread)


def _slope(
    scores: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], table: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the gradient of -log of the right candidates' share of the softmax."""
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    return np.asarray(shares @ table - shares[right] @ table[right] / shares[right].sum())


def hits(example: Example, weights: npt.NDArray[np.float64], columns: Sequence[int]) -> tuple[float, float, float]:
    """Return hit@1, hit@3 and hit@5 as a reader gets them: each section and each text once."""
    order = np.argsort(-(example.table[:, columns] @ weights))
    shown = without_duplicates([example.passages[i] for i in order], 5)
    figures = score(example.case, shown, example.pages)
    return (float(figures.mrr == 1), figures.hit3, figures.hit5) if figures else (0.0, 0.0, 0.0)


def cross_validate(examples: Sequence[Example], columns: Sequence[int]) -> dict[str, npt.NDArray[np.float64]]:
    """Return the mean hit@1, 3, 5 by corpus, of questions that the weights have not seen."""
    ids = sorted({example.case.id for example in examples})
    found: dict[str, list[tuple[float, float, float]]] = {"faq": [], "full": []}
    for shuffle in range(SHUFFLES):
        order = np.random.default_rng(shuffle).permutation(len(ids))
        for fold in range(FOLDS):
            held_out = {ids[i] for i in order[fold::FOLDS]}
            weights = learn([e for e in examples if e.case.id not in held_out], columns)
            for example in examples:
                if example.case.id in held_out:
                    found[example.corpus].append(hits(example, weights, columns))
    return {corpus: np.mean(figures, axis=0) for corpus, figures in found.items() if figures}


def main() -> None:
    """Print the table; with --write, keep the weights learned from all questions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--write", action="store_true", help=f"write rag/starter/{WEIGHTS_FILE}")
    options = parser.parse_args()
    cases = [case for case in read_cases(options.questions, ["faq", "full"]) if case.kind != "multilingual"]
    with open_retriever(RagSettings()) as retriever:
        examples = collect(retriever, cases)
    everything = range(len(FEATURES))
    table = Table("", "FAQ hit@1", "hit@3", "hit@5", "full hit@1", "hit@3", "hit@5", box=None)
    _add(table, "cross-validated", cross_validate(examples, everything))
    weights = learn(examples, everything)
    _add(table, "held in", _means(examples, weights))
    for left_out, name in enumerate(FEATURES):
        _add(table, f"without {name}", cross_validate(examples, [c for c in everything if c != left_out]))
    out = Console()
    out.print(table)
    out.print({name: round(float(weight), 3) for name, weight in zip(FEATURES, weights, strict=True)})
    if options.write:
        learned = {"weights": {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)}}
        TARGET.write_text(json.dumps(learned, indent=2) + "\n", encoding="utf-8")


def _means(examples: Sequence[Example], weights: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    everything = range(len(FEATURES))
    return {
        corpus: np.mean([hits(e, weights, everything) for e in examples if e.corpus == corpus], axis=0)
        for corpus in ("faq", "full")
    }


def _add(table: Table, name: str, figures: dict[str, npt.NDArray[np.float64]]) -> None:
    table.add_row(name, *(f"{figure:.3f}" for corpus in ("faq", "full") for figure in figures.get(corpus, ())))


if __name__ == "__main__":
    main()
