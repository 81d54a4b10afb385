"""The report: what it counts, how it groups, and that nothing private stands in any of its formats."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.ledger import SpentTokens, State
from bot.operations.report.rendering import as_csv, as_html, as_json, as_message, as_text
from bot.playground.limits import refused_blocks
from tests.bot.operations.report.support import DAY_S, PRIVATE, PUBLIC, REPORTS, a_week

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.operations.report.figures import Report
    from tests.bot.operations.report.support import Week
    from tests.standins.slack import SlackStandIn

SUBJECTS = ("an index", "a partition", "a collection", "an alias", "a replica")


def play(slack: SlackStandIn, folder: Path, act: Callable[[Week], Awaitable[None]]) -> None:
    async def run() -> None:
        async with a_week(slack, folder) as week:
            await act(week)

    asyncio.run(run())


async def report_of(week: Week) -> Report:
    now = await week.ledger.reporting.time() + 1
    return await week.reporter.report(since=now - 7 * DAY_S, until=now)


async def ask_three_hundred(week: Week) -> None:
    """Ask 200 questions in public, and 100 in five ways of privacy, each of those with words of its own."""
    for number in range(200):
        end = State.ABSTAINED if number % 3 == 0 else State.ANSWERED
        asked = await week.ask(f"How large may {SUBJECTS[number % 5]} be in case {number}?", end=end)
        if number % 5 == 0:
            await week.ledger.feedback.record(asked, user="U9", liked=False, reason=f"wrong: open remark {number}")
    private = (
        {"channel": "D0ASKER", "origin": "direct"},
        {"channel": PRIVATE},
        {"channel": "G0OLDER"},
        {"channel": PUBLIC, "origin": "private"},
        {"channel": PUBLIC, "origin": "command", "in_thread": False},
    )
    ends = (State.ABSTAINED, State.FAILED, State.ANSWERED)
    for number in range(100):
        words = f"zebrafinch{number} and the payroll of secretproject{number}"
        asked = await week.ask(words, end=ends[number % 3], **private[number % 5])
        await week.ledger.feedback.record(asked, user="U9", liked=False, reason=f"wrong: hushhush{number}")


def test_no_private_word_and_no_private_link_stands_in_any_format(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act(week: Week) -> None:
        await ask_three_hundred(week)
        told = await week.report()
        for word in ("zebrafinch", "payroll", "secretproject", "hushhush", PRIVATE, "D0ASKER", "G0OLDER"):
            assert word not in told, word
        assert "open remark" in told
        assert f"archives/{PUBLIC}/p1790000000" in told
        made = await report_of(week)
        assert made.counts.questions == 300
        assert (made.unquoted_unanswered, made.unquoted_disliked) == (34, 100)
        assert made.counts.disliked == 140

    play(slack, tmp_path, act)


def test_without_the_scope_only_the_reports_own_channel_is_quoted(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act(week: Week) -> None:
        slack.scopes.discard("channels:read")
        await week.ask("quokkas in public", end=State.ABSTAINED)
        await week.ask("wombats among ourselves", channel=REPORTS, end=State.ABSTAINED)
        told = await week.report()
        slack.scopes.add("channels:read")
        assert "quokkas" not in told
        assert "wombats" in told
        assert "The scope channels:read is missing" in told

    play(slack, tmp_path, act)


def test_what_its_asker_alone_was_told_is_counted_and_not_quoted(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act(week: Week) -> None:
        asked = await week.ask("quokkas in public", end=State.QUIET)
        await week.ledger.database.changed(text("UPDATE questions SET reason = 'not in the docs'"))
        await week.ledger.feedback.record(asked, user="U5", liked=False, reason="wrong: hm")
        made = await report_of(week)
        assert "quokkas" not in await week.report()
        assert (made.counts.abstained, made.unquoted_unanswered, made.unquoted_disliked) == (1, 1, 1)

    play(slack, tmp_path, act)


def test_alike_questions_stand_together_and_the_largest_group_first(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act(week: Week) -> None:
        for words in (
            "Can Milvus run on Windows?",
            "How do I change my password for the cloud console?",
            "Does Milvus run on Windows 11?",
            "Is it possible to run Milvus on a Windows machine?",
        ):
            await week.ask(words, end=State.ABSTAINED)
        made = await report_of(week)
        assert [group.size for group in made.unanswered] == [3, 1]
        assert all("Windows" in question.text for question in made.unanswered[0].questions)
        assert len(made.unanswered[0].links) == 3

    play(slack, tmp_path, act)


def test_it_counts_what_was_asked_and_what_came_of_it(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act(week: Week) -> None:
        liked = await week.ask("What is an index?")
        await week.ask("What is a partition?")
        await week.ask("What is the weather?", end=State.ABSTAINED)
        await week.ledger.feedback.record(liked, user="U5", liked=True)
        await week.ledger.escalations.request(liked, user="U5")
        await week.ledger.usage.record_tokens([SpentTokens("U1", "m", 10, 5)])
        counts = (await report_of(week)).counts
        told = (counts.questions, counts.answered, counts.abstained, counts.liked, counts.escalated, counts.tokens)
        assert told == (3, 2, 1, 1, 1, 15)
        assert (await report_of(week)).before.questions == 0

    play(slack, tmp_path, act)


def test_pages_are_counted_once_an_answer(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act(week: Week) -> None:
        await week.ask("What is an index?")
        await week.ask("What is HNSW?")
        await week.ask("What is the weather?", end=State.ABSTAINED)
        made = await report_of(week)
        page = "https://milvus.io/docs/indexes.md"
        assert [tuple(one) for one in made.cited] == [("Indexes", page, 2)]
        assert [tuple(one) for one in made.nearest] == [("Indexes", page, 1)]

    play(slack, tmp_path, act)


def test_an_empty_week_is_a_report_too(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act(week: Week) -> None:
        assert "Questions                                  0" in as_text(await report_of(week))

    play(slack, tmp_path, act)


def test_each_format_can_be_read(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act(week: Week) -> None:
        await week.ask('=HYPERLINK("http://evil") <b>bold</b> <!channel> & more?', end=State.ABSTAINED)
        await ask_three_hundred(week)
        made = await report_of(week)
        assert json.loads(as_json(made))["counts"]["questions"] == 301
        rows = list(csv.DictReader(io.StringIO(as_csv(made))))
        assert not [row for row in rows if row["text"].startswith("=")]
        page = as_html(made)
        assert "<b>bold</b>" not in page
        assert "http://" not in page.replace("http://evil", "").replace("http&", "")
        message = as_message(made)
        assert not refused_blocks(message.blocks)
        assert "<!channel>" not in str(message.blocks)

    play(slack, tmp_path, act)
