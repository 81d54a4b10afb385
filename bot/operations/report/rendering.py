"""The report as text, JSON, CSV, an HTML page that stands alone, and a message in Slack."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from textwrap import shorten
from typing import TYPE_CHECKING

from bot.domain import Block, SlackMessage
from bot.operations.report.figures import Counts
from bot.text.markdown import escaped, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.operations.report.figures import Group, Page, Report

LABELS = {
    "questions": "Questions",
    "askers": "People who asked",
    "answered": "Answered",
    "abstained": "Not in the docs",
    "escalated": "A person was called",
    "liked": "Liked",
    "disliked": "Disliked",
    "p50_s": "Half were answered within (s)",
    "p95_s": "95 % were answered within (s)",
    "tokens": "Tokens of the language model",
}
WIDTH = 100
SLACK_GROUPS, SLACK_PAGES = 5, 5
SECTION_CHARACTERS = 2_900


def as_text(report: Report) -> str:
    """Return the report for a terminal."""
    lines = [title(report), ""]
    lines += [f"{label:<34}{value:>10}   {trend}" for label, value, trend in rows(report)]
    for heading, groups, more in sections(report):
        lines += ["", heading, *_group_lines(groups), *([f"       {more}"] if more else [])]
        lines += [] if groups or more else ["       none"]
    for heading, pages in page_lists(report):
        lines += ["", heading, *(f"{page.times:>5}  {page.title}  {page.url}".rstrip() for page in pages)]
        lines += [] if pages else ["       none"]
    return "\n".join(lines) + "\n"


def as_json(report: Report) -> str:
    """Return the report as one object."""
    return json.dumps(asdict(report), ensure_ascii=False, indent=4) + "\n"


def as_csv(report: Report) -> str:
    """Return the report as a table: what, its value, the value before, the text, the links."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["section", "name", "value", "before", "text", "links", "said"])
    for name, now in asdict(report.counts).items():
        writer.writerow(["counts", name, now, getattr(report.before, name), "", "", ""])
    for name, groups in (("unanswered", report.unanswered), ("disliked", report.disliked)):
        for group in groups:
            said = " | ".join(question.said for question in group.questions if question.said)
            text = _inert(group.questions[0].text)
            writer.writerow([name, "", group.size, "", text, " ".join(group.links), _inert(said)])
    writer.writerow(["unanswered", "not quoted", report.unquoted_unanswered, "", "", "", ""])
    writer.writerow(["disliked", "not quoted", report.unquoted_disliked, "", "", "", ""])
    for name, pages in (("cited", report.cited), ("nearest", report.nearest)):
        for page in pages:
            writer.writerow([name, _inert(page.title), page.times, "", "", page.url, ""])
    return out.getvalue()


def as_html(report: Report) -> str:
    """Return the report as a page that needs nothing else, for a screen in light or dark, and for paper."""
    from jinja2 import Environment, PackageLoader, select_autoescape

    environment = Environment(
        loader=PackageLoader("bot.operations.report"), autoescape=select_autoescape(), trim_blocks=True
    )
    return environment.get_template("report.html").render(
        title=title(report),
        rows=rows(report),
        sections=list(sections(report)),
        page_lists=list(page_lists(report)),
        shorten=lambda text: shorten(text, 300, placeholder=" …"),
    )


FORMATS: dict[str, Callable[[Report], str]] = {"text": as_text, "json": as_json, "html": as_html, "csv": as_csv}


def as_message(report: Report) -> SlackMessage:
    """Return the report for Slack: the figures, and the beginning of each list."""
    figures = [f"• {label}: *{value}* {trend}".rstrip() for label, value, trend in rows(report)]
    blocks = [_header(title(report)), _section(*figures)]
    for heading, groups, more in sections(report):
        lines = [f"• *{group.size}* {_linked(group)}" for group in groups[:SLACK_GROUPS]]
        lines += [more] if more else []
        blocks.append(_section(f"*{heading}*", *(lines or ["none"])))
    for heading, pages in page_lists(report):
        lines = [f"• *{page.times}* {_page_link(page)}" for page in pages[:SLACK_PAGES]]
        blocks.append(_section(f"*{heading}*", *(lines or ["none"])))
    return SlackMessage(text=title(report), blocks=blocks)


def title(report: Report) -> str:
    """Return what the report is about."""
    since, until = (datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d") for at in (report.since, report.until))
    return f"Questions about Milvus, {since} to {until}"


def rows(report: Report) -> list[tuple[str, str, str]]:
    """Return label, value and trend of what is counted."""
    return [
        (LABELS[field.name], _shown(field.name, now), _trend(now, before))
        for field in fields(Counts)
        for now, before in [(getattr(report.counts, field.name), getattr(report.before, field.name))]
    ]


def sections(report: Report) -> Iterator[tuple[str, Sequence[Group], str]]:
    """Yield heading and groups of what went wrong, and what is not quoted of it."""
    yield "What could not be answered", report.unanswered, _more(report.unquoted_unanswered, report.unquoted_why)
    yield "Answers that were disliked", report.disliked, _more(report.unquoted_disliked, report.unquoted_why)


def page_lists(report: Report) -> Iterator[tuple[str, Sequence[Page]]]:
    """Yield heading and pages."""
    yield "Pages that answers cite most", report.cited
    yield "Pages nearest to what could not be answered: what the docs might say there", report.nearest


def _more(number: int, why: str) -> str:
    """Return what is not quoted, and what keeps more from being."""
    told = f"{number} more, asked or answered in private: counted, not quoted."
    return f"{told} {why}".strip() if number else ""


def _group_lines(groups: Sequence[Group]) -> Iterator[str]:
    for group in groups:
        yield f"{group.size:>5}  {shorten(group.questions[0].text, WIDTH, placeholder=' …')}"
        said = [question.said for question in group.questions if question.said]
        yield from (f"         “{shorten(one, WIDTH, placeholder=' …')}”" for one in said[:3])
        yield from (f"         {link}" for link in group.links)


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if name.endswith("_s") else f"{value:,}"


def _trend(now: float | None, before: float | None) -> str:
    if not now or not before:
        return "(none before)" if now else ""
    change = (now - before) / before
    return f"({change:+.0%})" if round(change, 2) else "(as before)"


def _inert(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    flat = " ".join(text.split())
    return f"'{flat}" if flat.startswith(("=", "+", "-", "@")) else flat


def _linked(group: Group) -> str:
    text = escaped(plain(shorten(group.questions[0].text, WIDTH, placeholder=" …"))).replace("|", "¦")
    more = " ".join(f"<{link}|{number}>" for number, link in enumerate(group.links[1:], start=2))
    return f"<{group.links[0]}|{text}> {more}".strip() if group.links else text


def _page_link(page: Page) -> str:
    label = escaped(plain(page.title)).replace("|", "¦")
    return f"<{page.url}|{label}>" if page.url else label


def _header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def _section(*lines: str) -> Block:
    """Return so many of the lines as a section holds: a link that is cut breaks it."""
    shown = ""
    for line in lines:
        if len(shown) + len(line) < SECTION_CHARACTERS:
            shown += f"{line}\n"
    return {"type": "section", "text": {"type": "mrkdwn", "text": shown.rstrip()}}
