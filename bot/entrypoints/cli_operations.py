"""The commands for whoever runs the bot: doctor, report."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from bot.operations.doctor.finding import exit_code
from rag import RagError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.operations.doctor.finding import Finding

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
WIDTH = 24
err = Console(stderr=True, highlight=False, soft_wrap=True)


def run_doctor(out: Console, *, as_json: bool) -> int:
    """Print a line for each finding as it is found; return the exit code."""
    from bot.entrypoints.commands.doctor import examine

    for package in ("bot", "rag"):
        logging.getLogger(package).setLevel(logging.CRITICAL)  # what goes wrong is a finding
    found = asyncio.run(examine(lambda finding: None if as_json else _print(out, finding)))
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=4) + "\n")
    return exit_code(found)


def write_report(*, days: int, form: str, to: Path | None) -> None:
    """Write a report to a file or to standard output."""
    from bot.entrypoints.commands.report import make_report

    with output(to) as file:
        text, trouble = asyncio.run(make_report(days=days, form=form))
        file.write(text)
    if trouble:
        err.print(f"milvusfaq: {trouble}", style="yellow", markup=False)


@contextmanager
def output(to: Path | None) -> Iterator[TextIO]:
    """Give where a command writes: a file, opened before anything is done, or standard output."""
    if to is None:
        yield sys.stdout
        return
    try:
        file = to.open("w", encoding="utf-8")
    except OSError as error:
        raise RagError(f"{to} can't be written ({error.strerror}).") from error
    with file:
        yield file


def _print(out: Console, finding: Finding) -> None:
    line = Text(f"{finding.grade:<5}", style=STYLES[finding.grade])
    line.append(f"{finding.what:<{WIDTH}}  ", style="bold").append(finding.told, style="default")
    if finding.do:
        line.append(f". {finding.do}" if not finding.told.endswith(".") else f" {finding.do}", style="dim")
    out.print(line)
