"""`milvusfaq eval --answers`: what the configured model makes of the questions of a file, row by row."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.progress import track
from rich.table import Table

from bot.entrypoints.commands.explain import read_json_lines
from rag import RagError
from rag.evaluation import percentile
from rag.settings import RagSettings
from rag.text.terms import terms
from rag.wiring import open_answerer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from rag import Answer
    from rag.evaluation import Case

FACT_HELD = 0.6
"""Which share of a fact's terms an answer must hold to say it."""
MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """What became of one question.

    `cites_right` tells whether one of the row's pages is cited, `facts` which share of its facts the answer says,
    `evidence` whether a string of the evidence file stands in it; None where the row has none. `remarked` of
    `statements` were marked by the check: a diagnostic, not the grade.
    """

    id: str
    group: str
    kind: str
    is_answerable: bool
    cites_right: bool
    facts: float | None
    evidence: bool | None
    statements: int
    remarked: int
    prompt_tokens: int
    completion_tokens: int
    search_s: float
    first_text_s: float
    model_s: float
    notices: list[str]
    text: str


def evaluate_answers(
    console: Console, cases: Sequence[Case], run: Path, *, limit: int, evidence: Path | None
) -> list[AnswerRow]:
    """Answer the rows that the run file lacks, at most `limit`, and add them to it; return all those that it holds."""
    done = {row.id: row for row in read_answers(run)}
    missing = [case for case in cases if case.id not in done][: limit or None]
    strings = _read_evidence(evidence) if evidence else {}
    asyncio.run(_answer_all(console, missing, run, strings))
    wanted = {case.id for case in cases}
    return [row for row in read_answers(run) if row.id in wanted]


def read_answers(run: Path) -> list[AnswerRow]:
    """Return the rows of a run file, none where it is not there; raise RagError with the line that is none."""
    if not run.exists():
        return []
    rows = []
    for number, line in enumerate(run.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            rows.append(AnswerRow(**json.loads(line)))
        except (json.JSONDecodeError, TypeError) as error:
            message = f"{run}, line {number}, is no answer of a run ({error})."
            raise RagError(message, hint="Delete the line, and it is answered again.") from error
    return rows


async def _answer_all(console: Console, cases: Sequence[Case], run: Path, strings: dict[str, list[str]]) -> None:
    logging.getLogger("rag").setLevel(logging.ERROR)
    async with open_answerer(RagSettings()) as answerer:
        with run.open("a", encoding="utf-8") as file:
            for case in track(cases, "answer", console=console):
                answer = await answerer.answer(case.question)
                row = measure(case, answer, strings.get(case.id))
                file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
                file.flush()  # what is paid for is kept


def measure(case: Case, answer: Answer, strings: Sequence[str] | None) -> AnswerRow:
    """Return what an answer is worth."""
    pages = {target.partition("#")[0] for target in case.relevant}
    said, usage, trace = set(terms(answer.text)), answer.trace.usage, answer.trace
    lowered = answer.text.lower()
    return AnswerRow(
        id=case.id,
        group=case.subkind or case.kind,
        kind=answer.kind,
        is_answerable=case.scope != "none",
        cites_right=any(citation.passage.path in pages for citation in answer.citations),
        facts=sum(_says(said, fact) for fact in case.facts) / len(case.facts) if case.facts else None,
        evidence=any(part in lowered for one in strings for part in one.split("|")) if strings else None,
        statements=trace.statements,
        remarked=trace.remarked,
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        search_s=round(trace.search_s, 4),
        first_text_s=round(trace.first_text_s, 3),
        model_s=round(trace.model_s, 3),
        notices=[notice.kind for notice in answer.notices],
        text=answer.text,
    )


def _says(said: set[str], fact: str) -> bool:
    wanted = set(terms(fact))
    return bool(wanted) and len(wanted & said) >= FACT_HELD * len(wanted)


def _read_evidence(path: Path) -> dict[str, list[str]]:
    try:
        return {row["id"]: [str(one) for one in row["evidence"]] for _, row in read_json_lines(path)}
    except (KeyError, TypeError) as error:
        message = f"{path} holds no rows of id and evidence ({error})."
        raise RagError(message) from error


def print_answers(out: Console, rows: Sequence[AnswerRow], *, prices: tuple[float, float] | None) -> None:
    """Print a line a group of questions, and what all of them took; `prices` are for a million tokens in and out.

    The columns: how many are grounded, extractive, abstained; cite a right page; say the row's facts; hold its
    evidence; and which share of all statements was remarked.
    """
    groups: dict[str, list[AnswerRow]] = defaultdict(list)
    for row in rows:
        groups["answerable" if row.is_answerable else "not in the docs"].append(row)
        groups[row.group].append(row)
    table = Table("", *_COLUMNS, box=None, pad_edge=False)
    for group, members in groups.items():
        table.add_row(group, str(len(members)), *_figures(members))
    out.print(table)
    asked, said = sum(row.prompt_tokens for row in rows), sum(row.completion_tokens for row in rows)
    cost = (asked * prices[0] + said * prices[1]) / MILLION if prices else 0.0
    out.print(f"{len(rows)} answers: {asked} tokens in, {said} out{f', at a cost of {cost:.4f}' if prices else ''}.")
    times = [sorted(getattr(row, name) for row in rows) for name in ("search_s", "first_text_s", "model_s")]
    if rows:
        told = ", ".join(f"{percentile(one, 0.5):.2f} / {percentile(one, 0.95):.2f} s" for one in times)
        out.print(f"Found, first word, last word (p50 / p95): {told}.", markup=False)


_COLUMNS = ("rows", "ground.", "extract.", "abstain", "page", "facts", "evid.", "remark")


def _figures(rows: Sequence[AnswerRow]) -> list[str]:
    kinds = [sum(row.kind == kind for row in rows) / len(rows) for kind in ("grounded", "extractive", "abstained")]
    statements = sum(row.statements for row in rows)
    shares = [
        *kinds,
        _mean([float(row.cites_right) for row in rows if row.is_answerable]),
        _mean([row.facts for row in rows if row.facts is not None]),
        _mean([float(row.evidence) for row in rows if row.evidence is not None]),
        sum(row.remarked for row in rows) / statements if statements else None,
    ]
    return ["" if share is None else f"{share:.3f}" for share in shares]


def _mean(figures: Sequence[float]) -> float | None:
    return sum(figures) / len(figures) if figures else None
