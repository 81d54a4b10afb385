"""`milvusfaq eval`: from a question file to figures: found, turned away, how fast."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from rag import RagError
from rag.evaluation import DEPTH, Scored, difference, interval, percentile, read_run, run_line, score, summarise
from rag.settings import RagSettings
from rag.wiring import open_retriever, open_rewriter

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from rag.domain import Retrieved
    from rag.evaluation import Case
    from rag.retrieval.retriever import HybridRetriever


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What was found for each row, in how many seconds, in a collection of these pages."""

    cases: list[Case]
    found: dict[str, Retrieved]
    seconds: dict[str, float]
    pages: set[str]

    def scored(self) -> list[Scored]:
        """Return the rows that have a right section here, with their figures."""
        return [
            Scored(case=case, score=figures)
            for case in self.cases
            if (figures := score(case, self.found[case.id].passages, self.pages))
        ]


def evaluate_cases(cases: list[Case], *, rewrite: bool) -> Evaluation:
    """Search for every row; with `rewrite`, in the language model's words too where it gives some."""
    settings = RagSettings()
    with open_retriever(settings) as retriever:
        return asyncio.run(_search_all(settings, retriever, cases, rewrite=rewrite))


async def _search_all(
    settings: RagSettings, retriever: HybridRetriever, cases: list[Case], *, rewrite: bool
) -> Evaluation:
    found: dict[str, Retrieved] = {}
    seconds: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        rewriter = await stack.enter_async_context(open_rewriter(settings)) if rewrite else None
        if rewrite and rewriter is None:
            raise RagError("--rewrite needs a language model.", hint="Set LEPTONAI_TOKEN.")
        for case in cases:
            reworded = (await rewriter.rewrite(case.question)).text if rewriter else ""
            begun = time.perf_counter()
            found[case.id] = retriever.search_now(case.question, limit=DEPTH, reworded=reworded)
            seconds[case.id] = time.perf_counter() - begun
    return Evaluation(cases=cases, found=found, seconds=seconds, pages=retriever.store.paths())


def write_run(evaluation: Evaluation, path: Path) -> None:
    """Write what was found, a line a row."""
    lines = [run_line(case, evaluation.found[case.id].passages) for case in evaluation.cases]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def print_figures(out: Console, evaluation: Evaluation, *, against: Path | None) -> None:
    """Print the figures by kind of question with 95 % intervals, what was turned away, and the time it took."""
    scored = evaluation.scored()
    table = Table("", *_COLUMNS, box=None, pad_edge=False)
    for group, rows in summarise(scored).items():
        low, high = interval([row.score.hit3 for row in rows])
        figures = (
            sum(getattr(row.score, name) for row in rows) / len(rows) for name in ("hit3", "hit5", "mrr", "ndcg")
        )
        hit3, *others = (f"{figure:.3f}" for figure in figures)
        table.add_row(group, str(len(rows)), f"{hit3} [{low:.2f}, {high:.2f}]".replace("[", r"\["), *others)
    out.print(table)
    left = len(evaluation.cases) - len(scored)
    out.print(f"{len(evaluation.cases)} questions, {left} of them without a right section in this collection.")
    _print_turned_away(out, evaluation)
    times = sorted(evaluation.seconds.values())
    p50, p95 = (1_000 * percentile(times, share) for share in (0.5, 0.95))
    out.print(f"A question takes {p50:.0f} ms (p50), {p95:.0f} ms (p95), embedding and search together.")
    if against:
        _print_difference(out, evaluation, scored, against)


_COLUMNS = ("questions", "hit@3 [95 %]", "hit@5", "MRR", "nDCG@10")


def _print_turned_away(out: Console, evaluation: Evaluation) -> None:
    groups: dict[str, list[bool]] = {}
    for case in evaluation.cases:
        group = case.subkind or case.kind if case.scope == "none" else "answerable"
        groups.setdefault(group, []).append(evaluation.found[case.id].off_topic is not None)
    told = [f"{group} {sum(turned)}/{len(turned)}" for group, turned in groups.items()]
    out.print(f"Turned away before the model is asked: {', '.join(told)}.")


def _print_difference(out: Console, evaluation: Evaluation, scored: list[Scored], against: Path) -> None:
    """Compare hit@3 with another run, row by row."""
    other = read_run(against)
    pairs = [
        (row.score.hit3, theirs.hit3)
        for row in scored
        if row.case.id in other and (theirs := score(row.case, other[row.case.id], evaluation.pages))
    ]
    if not pairs:
        raise RagError(f"{against} holds none of these questions.")
    mean, low, high = difference(pairs)
    gained, lost = sum(ours > theirs for ours, theirs in pairs), sum(ours < theirs for ours, theirs in pairs)
    out.print(
        f"Against {against}: hit@3 {mean:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}; "
        f"{gained} questions gained, {lost} lost of {len(pairs)}.",
        markup=False,
    )
