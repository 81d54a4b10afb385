"""The commands that measure and explain: eval, explain, check."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotation at run time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bot.settings import SlackSettings
from rag import RagError
from rag.settings import RagSettings

if TYPE_CHECKING:
    from rag.evaluation import Case

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def evaluate(  # noqa: PLR0913 - a command's options
    cases: Annotated[Path, typer.Argument(help="A question file, one JSON row a line.", show_default=False)],
    *,
    scope: Annotated[str, typer.Option(help="Which rows: a comma list of faq, full, none.")] = "",
    run: Annotated[Path | None, typer.Option(help="Write the passages found for each row to this file.")] = None,
    against: Annotated[Path | None, typer.Option(help="Compare with the run in this file.")] = None,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Let the language model word follow-ups and foreign questions anew.")
    ] = False,
    answers: Annotated[
        Path | None,
        typer.Option(help="Answer the rows with the model, into this file; what is in it stays."),
    ] = None,
    limit: Annotated[int, typer.Option(help="Of --answers: how many rows at most are asked now; 0 for all.")] = 0,
    evidence: Annotated[Path | None, typer.Option(help="Of --answers: rows of id and evidence (strings).")] = None,
    price: Annotated[str, typer.Option(help="Of --answers: of a million tokens in and out, like 0.1,0.4.")] = "",
) -> None:
    """Measure how often the right section is found, by kind of question, or with --answers what is answered."""
    from bot.entrypoints.commands.evaluate import evaluate_cases, print_figures, write_run
    from rag.evaluation import read_cases

    scope = scope or ("faq,full,none" if answers else "faq,full")
    rows = read_cases(cases, [part.strip() for part in scope.split(",")])
    if not rows:
        raise RagError(f"{cases} holds no row of scope {scope}.")
    if answers:
        _evaluate_answers(rows, answers, limit=limit, evidence=evidence, price=price)
        return
    evaluation = evaluate_cases(rows, rewrite=rewrite)
    if run:
        write_run(evaluation, run)
    print_figures(out, evaluation, against=against)


def _evaluate_answers(rows: list[Case], run: Path, *, limit: int, evidence: Path | None, price: str) -> None:
    from bot.entrypoints.commands.evaluate_answers import evaluate_answers, print_answers

    found = re.fullmatch(r"(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)", price.replace(" ", "")) if price else None
    if price and not found:
        raise RagError(f"--price {price} is not two numbers like 0.1,0.4.")
    done = evaluate_answers(err, rows, run, limit=limit, evidence=evidence)
    print_answers(out, done, prices=(float(found[1]), float(found[2])) if found else None)


def explain(  # noqa: PLR0913 - a command's options
    text: Annotated[str, typer.Argument(help="A post, as somebody writes it.", show_default=False)] = "",
    *,
    file: Annotated[
        Path | None, typer.Option(help="JSON rows with a `text` or `question`, or an `event`.", show_default=False)
    ] = None,
    policy: Annotated[str, typer.Option(help="Of the support channel where a text is posted.")] = "questions",
    bot: Annotated[
        str, typer.Option(help="Who the bot is, for events: USER,BOT,APP ids; else Slack is asked.", show_default=False)
    ] = "",
    support: Annotated[
        list[str] | None, typer.Option(help="CHANNEL:policy of a support channel; else SUPPORT_CHANNELS.")
    ] = None,
    model: Annotated[bool, typer.Option("--model", help="Let the language model have its word on both.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON row for each.")] = False,
) -> None:
    """Show what the bot would do with a post, and why: whether it hears it, what it reads, and what it finds.

    A row of FILE holds an `id` and a `text` or `question` (and perhaps its `history`), or an `event` as Slack sends it,
    the messages of its `thread` before it, and whether the bot has `joined` that thread. Nothing is posted.
    """
    from bot.entrypoints.commands.explain import Where, explain_rows, print_explained, read_rows
    from bot.entrypoints.commands.explain_search import explain_searches

    if bool(text.strip()) == bool(file):
        raise RagError('Give a text or a file: milvusfaq explain "load never ends", or --file ROWS.jsonl.')
    rows = read_rows(file) if file else [{"id": "1", "text": text}]
    where, settings = Where(bot=bot, support=",".join(support or ()), policy=policy), RagSettings()
    read = asyncio.run(explain_rows(rows, SlackSettings(), where, rag_settings=settings, with_model=model))
    for row, searched in zip(read, explain_searches(settings, read, with_model=model), strict=True):
        if as_json:
            sys.stdout.write(json.dumps({**row, **searched}, ensure_ascii=False) + "\n")
        else:
            print_explained(out, {**row, **searched})


def check(
    *,
    file: Annotated[Path, typer.Option(help="JSON rows: id, question, statement, passages.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON row for each: id, hard, soft, cited.")] = False,
) -> None:
    """Show whether passages hold statements, as the bot checks what a language model writes.

    `hard` are the numbers, names, commands and addresses that no passage holds with the rest of the statement; `soft`
    tells that no passage seems to hold it; `cited` are the indexes, from 0, of those that do.
    """
    from bot.entrypoints.commands.check import check_rows, print_checked
    from bot.entrypoints.commands.explain import read_json_lines

    rows = [row for _, row in read_json_lines(file)]
    for row, found in zip(rows, check_rows(rows), strict=True):
        if as_json:
            sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        else:
            print_checked(out, row, found)
