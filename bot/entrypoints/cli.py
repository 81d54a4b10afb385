"""The `milvusfaq` command line: ask, search, ingest, sources, eval, explain, start, forget, feedback."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotation at run time
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from bot.entrypoints.cli_ingest import ingest, sources
from bot.entrypoints.logs import set_up_logs
from bot.settings import OWNER_ONLY, SlackSettings, explain_validation_error
from bot.text.redaction import redact
from rag import Question, RagError
from rag.settings import RagSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.ledger import Ledger


T = TypeVar("T")

app = typer.Typer(
    name="milvusfaq",
    help="Answers questions about Milvus from the Milvus docs, in the terminal and in Slack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command; a failure that has a name is one line and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows what it can
    try:
        app()
    except RagError as error:
        _fail(str(error))
    except ValidationError as error:
        _fail(explain_validation_error(error))


def _fail(line: str) -> NoReturn:
    err.print(redact(f"milvusfaq: {line}"), style="red", markup=False)
    raise SystemExit(1)


@app.callback()
def set_up(
    *, verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens, to standard error.")] = False
) -> None:
    """Set up the log before any command, and keep what it writes from other users of the machine."""
    os.umask(OWNER_ONLY)
    set_up_logs(logging.INFO if verbose else logging.WARNING, "%(message)s")


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.", show_default=False)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: answer, kind, citations.")] = False,
) -> None:
    """Answer a question, with its citations."""
    text = question.strip()
    if not text:
        _fail('The question is empty. Try: milvusfaq ask "How is data stored in milvus?"')
    from bot.entrypoints.commands.ask import ask_aloud, citation_row

    answer = asyncio.run(ask_aloud(out, text, aloud=not as_json))
    if as_json:
        _print_json(
            {"answer": answer.text, "kind": answer.kind, "citations": list(map(citation_row, answer.citations))}
        )
        if answer.notice:
            err.print(answer.notice, markup=False)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.", show_default=False)],
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many passages.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list of passages.")] = False,
) -> None:
    """Show the passages that a question finds, best first, and their scores (inner product, at most 1).

    The order rests on more than the score: words, identifiers and the kind of passage count too.
    """
    from bot.entrypoints.commands.ask import place, place_line
    from rag.wiring import open_retriever

    if not query.strip():
        _fail('There is nothing to look for. Try: milvusfaq search "flush"')
    with open_retriever(RagSettings()) as retriever:
        passages = retriever.search_now(Question(text=query), limit=limit).passages
    if as_json:
        _print_json(
            [{**place(passage), "text": passage.text, "score": round(passage.score, 4)} for passage in passages]
        )
        return
    for passage in passages:
        out.print(f"{passage.score:.4f}  {place_line(passage)}", style="bold", markup=False)
        if passage.url:
            out.print(f"        {passage.url}", style="blue", markup=False)
        out.print(f"{passage.text}\n", markup=False)


app.command()(ingest)
app.command()(sources)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@app.command(name="eval")
def evaluate(
    cases: Annotated[Path, typer.Argument(help="A question file, one JSON row a line.", show_default=False)],
    *,
    scope: Annotated[str, typer.Option(help="Which rows: a comma list of faq, full, none.")] = "faq,full",
    run: Annotated[Path | None, typer.Option(help="Write the passages found for each row to this file.")] = None,
    against: Annotated[Path | None, typer.Option(help="Compare with the run in this file.")] = None,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Let the language model word follow-ups and foreign questions anew.")
    ] = False,
) -> None:
    """Measure how often the right section is found, by kind of question, and what is turned away."""
    from bot.entrypoints.commands.evaluate import evaluate_cases, print_figures, write_run
    from rag.evaluation import read_cases

    rows = read_cases(cases, [part.strip() for part in scope.split(",")])
    if not rows:
        _fail(f"{cases} holds no row of scope {scope}.")
    evaluation = evaluate_cases(rows, rewrite=rewrite)
    if run:
        write_run(evaluation, run)
    print_figures(out, evaluation, against=against)


@app.command()
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
        _fail('Give a text or a file: milvusfaq explain "load never ends", or --file ROWS.jsonl.')
    rows = read_rows(file) if file else [{"id": "1", "text": text}]
    where, settings = Where(bot=bot, support=",".join(support or ()), policy=policy), RagSettings()
    read = asyncio.run(explain_rows(rows, SlackSettings(), where, rag_settings=settings, with_model=model))
    for row, searched in zip(read, explain_searches(settings, read, with_model=model), strict=True):
        if as_json:
            sys.stdout.write(json.dumps({**row, **searched}, ensure_ascii=False) + "\n")
        else:
            print_explained(out, {**row, **searched})


@app.command()
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
    from bot.entrypoints.commands.explain import read_rows

    rows = read_rows(file)
    for row, found in zip(rows, check_rows(rows), strict=True):
        if as_json:
            sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        else:
            print_checked(out, row, found)


@app.command()
def start() -> None:
    """Answer in Slack until stopped (the same as `python -m bot`)."""
    from bot.entrypoints.commands.serve import run

    run()


@app.command()
def forget(
    *,
    user: Annotated[str, typer.Option(help="The Slack user id of the person, like U0123456789.", show_default=False)],
) -> None:
    """Delete a person's questions and answers from the ledger; only counts stay. What stands in Slack stays there."""
    forgotten = _in_ledger(lambda ledger: ledger.deletion.forget_user(user))
    out.print(f"{_count(forgotten, 'question')} of {user} forgotten.", markup=False)


feedback = typer.Typer(help="What people thought of answers.", no_args_is_help=True)
app.add_typer(feedback, name="feedback")


@feedback.command()
def export(
    *,
    to: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
) -> None:
    """Write the questions whose answers were disliked as rows for `milvusfaq eval`.

    Each says what was answered, from which passages, and why it was disliked. Put the sections that hold the answer
    into `relevant` (`page.md#Heading`) and a scope of yours, and it is a case that is measured from then on.
    """
    rows = _in_ledger(lambda ledger: ledger.feedback.disliked())
    lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    if to is None:
        out.print(lines, end="", markup=False)
        return
    to.write_text(lines, encoding="utf-8")
    err.print(f"{_count(len(rows), 'disliked answer')} written to {to}.", markup=False)


def _in_ledger(work: Callable[[Ledger], Awaitable[T]]) -> T:
    """Do something with the ledger that the bot keeps; one that is not there is not made."""
    from bot.ledger import LedgerError, open_ledger

    async def do() -> T:
        async with open_ledger(SlackSettings().ledger_url(RagSettings().milvus_uri), must_exist=True) as ledger:
            return await work(ledger)

    try:
        return asyncio.run(do())
    except LedgerError as error:
        _fail(str(error))


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=4) + "\n")
