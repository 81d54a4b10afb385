"""The commands for whoever runs the bot: doctor, report."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.text import Text

from bot.operations.doctor.finding import exit_code

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from bot.operations.doctor.finding import Finding

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
WIDTH = 24


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

    text = asyncio.run(make_report(days=days, form=form))
    if to is None:
        sys.stdout.write(text)
    else:
        to.write_text(text, encoding="utf-8")


def _print(out: Console, finding: Finding) -> None:
    line = Text(f"{finding.grade:<5}", style=STYLES[finding.grade])
    line.append(f"{finding.what:<{WIDTH}}  ", style="bold").append(finding.told, style="default")
    if finding.do:
        line.append(f". {finding.do}" if not finding.told.endswith(".") else f" {finding.do}", style="dim")
    out.print(line)
