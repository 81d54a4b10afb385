"""Learn the ranking's weights from questions and posts, and tell how well they do on rows that they have not seen.

    python -m benchmarks.tune QUESTIONS.jsonl [--posts POSTS.jsonl] [--foreign QUESTIONS.jsonl] [--write]

The collection of MILVUS_URI is searched as the bot searches it; what it finds are the candidates. The weights minimise
-log of the softmax share of right candidates, plus a penalty on their size. Cross-validated figures come from weights
that have seen no row whose right page is the row's (6 folds, 3 shuffles). A post is right by page, and ordered as the
bot orders it: by the fused orders of its parts, one passage a page.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from rag.domain import Question
from rag.evaluation import DEPTH, read_cases, score
from rag.retrieval.fusion import fuse, one_a_page
from rag.retrieval.ranking import DEPRECATED_PENALTY, FEATURES, WEIGHTS_FILE, standardise, without_duplicates
from rag.settings import RagSettings
from rag.text.language import is_foreign
from rag.wiring import open_retriever

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from rag.domain import Candidate, Passage
    from rag.evaluation import Case
    from rag.retrieval.retriever import HybridRetriever

FOLDS = 6
SHUFFLES = 3
PENALTY = 3.0
TAMED = {"asks": 100.0}
"""Penalties of features that fit these rows and lose on others: FAQ headings fill the first places with it."""
STEPS = 250
WEIGHTS = {"full": 1.0, "faq": 0.5, "post": 0.5, "foreign": 0.5}
"""What a row of each corpus counts: a row of the FAQ is there twice, so are a post's whole and its headline, and many
foreign rows are another row's translation."""
TARGET = Path(__file__).parent.parent / "rag" / "starter" / WEIGHTS_FILE


@dataclass(frozen=True, kw_only=True)
class Part:
    """What was found for a question or a part of a post: candidates, their features, and which of them are right.

    `bonus` is what the multilingual vectors add, in standard deviations of relevance.
    """

    candidates: list[Candidate]
    table: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]
    bonus: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, kw_only=True)
class Example:
    """One question over one corpus, or one post; `page` is the first of its right ones. A post has no `case`."""

    page: str
    corpus: str
    parts: list[Part]
    pages: set[str]
    case: Case | None = None


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


def collect_foreign(retriever: HybridRetriever, paths: Sequence[Path]) -> list[Example]:
    """Return the rows in other languages over the whole collection."""
    pages = retriever.store.paths()
    cases = [case for path in paths for case in read_cases(path, ["faq", "full"]) if case.language != "en"]
    return [example for case in cases if (example := _example(retriever, case, "foreign", pages))]


def _example(retriever: HybridRetriever, case: Case, corpus: str, pages: set[str]) -> Example | None:
    looked = retriever.look_now(case.question).whole
    kept = [i for i, candidate in enumerate(looked.candidates) if candidate.passage.path in pages]
    candidates = [looked.candidates[i] for i in kept]
    figures = [score(case, [candidate.passage], pages) for candidate in candidates]
    if not figures or figures[0] is None:
        return None
    right = np.array([bool(figure and figure.hit3) for figure in figures])
    bonus = None if looked.bonus is None else looked.bonus[kept]
    part = Part(candidates=candidates, table=standardise(looked.table[kept]), right=right, bonus=bonus)
    return Example(page=case.relevant[0].partition("#")[0], corpus=corpus, parts=[part], pages=pages, case=case)


def collect_posts(retriever: HybridRetriever, path: Path) -> list[Example]:
    """Return the posts that the docs answer: rows with text, answerable_24 and pages_24."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [_post(retriever, row) for row in rows if row["answerable_24"] != "no" and not is_foreign(row["text"])]


def _post(retriever: HybridRetriever, row: dict[str, Any]) -> Example:
    pages = set(row["pages_24"])
    parts = [
        Part(
            candidates=view.candidates,
            table=standardise(view.table),
            right=np.array([candidate.passage.path in pages for candidate in view.candidates]),
        )
        for view in retriever.look_now(Question(text=row["text"])).views
    ]
    return Example(page=row["pages_24"][0], corpus="post", parts=parts, pages=pages)


def learn(examples: Sequence[Example], columns: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return a weight a column, by gradient steps on features in standard deviations."""
    every = [(part, example.corpus) for example in examples for part in example.parts]
    spread = np.concatenate([part.table[:, columns] for part, _ in every]).std(axis=0) + 1e-9
    usable = [(part.table[:, columns] / spread, part.right, WEIGHTS[of]) for part, of in every if part.right.any()]
    penalty = np.array([TAMED.get(FEATURES[column], PENALTY) for column in columns])
    weights, momentum, square = (np.zeros(len(columns)) for _ in range(3))
    for step in range(1, STEPS + 1):
        slope = penalty * weights + sum(
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
    """Return hit@3, hit@5 and hit@10 as a reader gets them: each section and each text once."""
    orders = [_order(part, weights, columns) for part in example.parts]
    ranked = one_a_page(fuse(orders)) if len(orders) > 1 else orders[0]
    shown = without_duplicates(ranked, DEPTH)
    if example.case is None:
        first = next((rank for rank, passage in enumerate(shown, start=1) if passage.path in example.pages), 99)
        return float(first <= 3), float(first <= 5), float(first <= DEPTH)  # noqa: PLR2004
    figures = score(example.case, shown, example.pages)
    return (figures.hit3, figures.hit5, float(figures.mrr > 0)) if figures else (0.0, 0.0, 0.0)


def _order(part: Part, weights: npt.NDArray[np.float64], columns: Sequence[int]) -> list[Passage]:
    deprecated = np.array([candidate.passage.deprecated for candidate in part.candidates], dtype=np.float64)
    relevance = part.table[:, columns] @ weights - DEPRECATED_PENALTY * deprecated
    if part.bonus is not None:
        relevance += part.bonus * relevance.std()
    return [part.candidates[i].passage for i in np.argsort(-relevance, kind="stable")]


def cross_validate(examples: Sequence[Example], columns: Sequence[int]) -> dict[str, npt.NDArray[np.float64]]:
    """Return hit@3, 5, 10 of each row by corpus, [rows, 3], by weights that have not seen its page."""
    pages = sorted({example.page for example in examples})
    found: list[list[tuple[float, float, float]]] = [[] for _ in examples]
    for shuffle in range(SHUFFLES):
        order = np.random.default_rng(shuffle).permutation(len(pages))
        for fold in range(FOLDS):
            held_out = {pages[i] for i in order[fold::FOLDS]}
            weights = learn([e for e in examples if e.page not in held_out], columns)
            for example, figures in zip(examples, found, strict=True):
                if example.page in held_out:
                    figures.append(hits(example, weights, columns))
    return _by_corpus(examples, np.mean(found, axis=1))


def _by_corpus(examples: Sequence[Example], figures: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    corpora = np.array([example.corpus for example in examples])
    return {corpus: figures[corpora == corpus] for corpus in WEIGHTS if corpus in corpora}


def main() -> None:
    """Print the table; with --write, keep the weights learned from all questions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--posts", type=Path, help="posts with their right pages")
    parser.add_argument("--foreign", type=Path, help="more questions in other languages")
    parser.add_argument("--write", action="store_true", help=f"write rag/starter/{WEIGHTS_FILE}")
    options = parser.parse_args()
    cases = [case for case in read_cases(options.questions, ["faq", "full"]) if case.kind != "multilingual"]
    with open_retriever(RagSettings()) as retriever:
        examples = collect(retriever, cases)
        examples += collect_posts(retriever, options.posts) if options.posts else []
        examples += collect_foreign(retriever, [options.questions, options.foreign]) if options.foreign else []
    everything = range(len(FEATURES))
    corpora = [corpus for corpus in WEIGHTS if any(example.corpus == corpus for example in examples)]
    table = Table("", *(f"{corpus} hit@{k}" for corpus in corpora for k in (3, 5, DEPTH)), box=None)
    _add(table, "cross-validated", cross_validate(examples, everything))
    weights = learn(examples, everything)
    _add(table, "held in", _by_corpus(examples, np.array([hits(e, weights, everything) for e in examples])))
    for left_out, name in enumerate(FEATURES):
        _add(table, f"without {name}", cross_validate(examples, [c for c in everything if c != left_out]))
    out = Console()
    out.print(table)
    out.print({name: round(float(weight), 3) for name, weight in zip(FEATURES, weights, strict=True)})
    if options.write:
        learned = {"weights": {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)}}
        TARGET.write_text(json.dumps(learned, indent=2) + "\n", encoding="utf-8")


def _add(table: Table, name: str, figures: dict[str, npt.NDArray[np.float64]]) -> None:
    means = [figures[corpus].mean(axis=0) for corpus in WEIGHTS if corpus in figures]
    table.add_row(name, *(f"{figure:.3f}" for of_corpus in means for figure in of_corpus))


if __name__ == "__main__":
    main()
