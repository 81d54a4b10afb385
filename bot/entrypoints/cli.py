"""The `milvusfaq` command line: what asks and answers, and the commands of the files beside it."""

from __future__ import annotations

import asyncio
import getpass
import io
import json
import logging
import os
import re
import socket
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotation at run time
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from bot import __version__
from bot.entrypoints.cli_ingest import ingest, sources
from bot.entrypoints.cli_measure import check, evaluate, explain
from bot.entrypoints.cli_operations import output, run_doctor, write_report
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


def _tell_version(*, wanted: bool) -> None:
    if wanted:
        out.print(f"milvusfaq {__version__}", markup=False)
        raise typer.Exit


@app.callback()
def set_up(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens, to standard error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Tell the version, and end.")
    ] = False,
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
app.command(name="eval")(evaluate)
app.command()(explain)
app.command()(check)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@app.command()
def demo(
    *,
    port: Annotated[int, typer.Option(help="Where the page is served, on this machine alone.")] = 8765,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    terminal: Annotated[bool, typer.Option("--terminal", help="Ask one question here, and end.")] = False,
) -> None:
    """Show the bot in a Slack-like page on this machine: no workspace, no key, no download."""
    from bot.entrypoints.commands.demo import ask_in_terminal, can_look, run_demo

    if terminal or not can_look():
        ask_in_terminal(out)
    else:
        run_demo(out, port=port, browser=browser)


@app.command()
def doctor(
    *, as_json: Annotated[bool, typer.Option("--json", help="A JSON list of findings, when all are there.")] = False
) -> None:
    """Look at everything that the bot stands on: one line each, and what to do. Works beside a running bot.

    Exit code 0: all is well; 1: something is to be looked at; 2: something does not work.
    """
    raise typer.Exit(run_doctor(out, as_json=as_json))


@app.command()
def report(
    *,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days back, until now.")] = 7,
    format_: Annotated[
        Literal["text", "json", "html", "csv"], typer.Option("--format", help="How it is written.")
    ] = "text",
    to: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
) -> None:
    """Tell what was asked, what could not be answered or was disliked, and which pages were cited.

    Words and links stand there of questions from public channels and from REPORT_CHANNEL alone; the rest is counted.
    """
    write_report(days=days, form=format_, to=to)


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

    async def work(ledger: Ledger) -> int:
        await _audit(ledger, "forget", user)
        return await ledger.deletion.forget_user(user)

    user = _user_id(user)
    forgotten = _in_ledger(work)
    told = f"{_count(forgotten, 'question')} of {user} forgotten." if forgotten else f"No question of {user} was kept."
    out.print(told, markup=False)


@app.command(name="export")
def export_user(
    *,
    user: Annotated[str, typer.Option(help="The Slack user id of the person, like U0123456789.", show_default=False)],
    to: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
) -> None:
    """Write all that the ledger keeps of a person, as one JSON object. The ledger notes who did so."""

    async def work(ledger: Ledger) -> str:
        await _audit(ledger, "export", user)
        return json.dumps(await ledger.personal_data.export(user), ensure_ascii=False, indent=4, default=str) + "\n"

    user = _user_id(user)
    with output(to) as file:
        file.write(_in_ledger(work))


def _user_id(text: str) -> str:
    """Return a Slack user id; raise RagError for what is none: nothing would be found, and taken for done."""
    user = text.strip().upper()
    if not re.fullmatch(r"[UW][A-Z0-9]{2,}", user):
        raise RagError(f"{text!r} is no Slack user id like U0123456789 (profile > ⋮ > Copy member ID).")
    return user


async def _audit(ledger: Ledger, action: str, user: str) -> None:
    """Note in the ledger and say who does what with what is kept of a person."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        name = str(os.getuid())
    actor = f"{name}@{socket.gethostname()}"
    await ledger.personal_data.record_audit(actor=actor, action=action, subject=user)
    err.print(f"Audit: {actor} {action} {user}", markup=False)


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
