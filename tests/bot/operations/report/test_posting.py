"""The weekly report: posted when it is due, once, by one replica, though replicas crash."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn, cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot.operations.report.posting import WeeklyReport, last_due
from bot.slack.client import open_client
from bot.text.weekly_time import WEEKDAYS, WeeklyTime, read_weekly_time
from tests.bot.ledger.support import owned_by
from tests.bot.operations.report.support import REPORTS, a_week
from tests.builders import BOT
from tests.standins.slack import BOT_TOKEN, Failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.ledger import Ledger
    from bot.operations.report.figures import Reporter
    from tests.standins.slack import Json, SlackStandIn

UTC_ZONE = ZoneInfo("UTC")


def at(month: int, day: int, hour: int, minute: int = 0) -> float:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (at(11, 23, 9), at(11, 23, 9)),
        (at(11, 23, 8, 59), at(11, 16, 9)),
        (at(11, 29, 23), at(11, 23, 9)),
    ],
)
def test_a_report_is_due_at_the_last_such_moment(now: float, due: float) -> None:
    assert last_due(read_weekly_time("Mon 09:00"), now) == due


def test_the_moment_is_the_clocks_on_the_wall_in_summer_and_winter() -> None:
    berlin = read_weekly_time("Mon 09:00 Europe/Berlin")
    summer, winter = at(7, 6, 12), at(12, 7, 12)
    assert datetime.fromtimestamp(last_due(berlin, summer), UTC).hour == 7
    assert datetime.fromtimestamp(last_due(berlin, winter), UTC).hour == 8


@pytest.mark.parametrize("wrong", ["Monday 9", "Mon 25:00", "Mon 09:00 Mars/Base", "09:00", ""])
def test_what_is_no_such_time_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time like|is no time zone like"):
        read_weekly_time(wrong)


def posted(slack: SlackStandIn) -> list[Json]:
    return slack.channels[REPORTS].messages


@asynccontextmanager
async def due_now(slack: SlackStandIn, folder: Path) -> AsyncIterator[tuple[WeeklyReport, Ledger]]:
    """Give a weekly report that is due since a moment ago."""
    async with a_week(slack, folder) as week, open_client(BOT_TOKEN, slack.api_url) as client:
        await week.ask("What is an index?")
        posted(slack).clear()
        now = datetime.fromtimestamp(await week.ledger.reporting.time() - 60, UTC)
        weekly = WeeklyTime(now.weekday(), now.hour, now.minute, UTC_ZONE)
        assert WEEKDAYS[weekly.weekday]
        reporting = week.ledger.reporting
        report = WeeklyReport(
            client=client, reporter=week.reporter, reporting=reporting, bot=BOT, channel=REPORTS, at=weekly
        )
        yield report, week.ledger


def other_replica(report: WeeklyReport, ledger: Ledger) -> WeeklyReport:
    return replace(report, reporting=owned_by("elsewhere/1/x", ledger).reporting)


def test_of_two_replicas_one_posts_and_only_once(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act() -> None:
        async with due_now(slack, tmp_path) as (report, ledger):
            other = other_replica(report, ledger)
            await asyncio.gather(report.look(), other.look())
            await report.look()
            await other.look()
            (message,) = posted(slack)
            assert message["text"].startswith("Questions about Milvus, ")

    asyncio.run(act())


@pytest.mark.parametrize("was_posted", [True, False])
def test_after_a_crash_another_replica_looks_whether_it_stands_there(
    slack: SlackStandIn, tmp_path: Path, *, was_posted: bool
) -> None:
    async def act() -> None:
        async with due_now(slack, tmp_path) as (report, ledger):
            if was_posted:
                await report.look()
            else:
                assert await report.reporting.claim(BOT.team, last_due(report.at, await report.reporting.time()))
            await ledger.database.changed(text("UPDATE reports SET posted_ts = '', lease_until = 0"))
            await other_replica(report, ledger).look()
            assert len(posted(slack)) == 1

    asyncio.run(act())


def test_what_slack_does_not_take_is_tried_again(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act() -> None:
        async with due_now(slack, tmp_path) as (report, ledger):
            slack.fail("chat.postMessage", Failure("internal_error"))
            await report.look()
            assert posted(slack) == []
            await report.look()
            assert posted(slack) == [], "its lease is not over"
            await ledger.database.changed(text("UPDATE reports SET lease_until = 0"))
            await report.look()
            assert len(posted(slack)) == 1

    asyncio.run(act())


def test_a_report_that_is_more_than_a_day_late_is_left_out(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act() -> None:
        async with due_now(slack, tmp_path) as (report, _):
            weekday = (report.at.weekday - 2) % 7
            await replace(report, at=report.at._replace(weekday=weekday)).look()
            assert posted(slack) == []

    asyncio.run(act())


def test_a_mistake_of_ours_ends_neither_the_bot_nor_the_next_one(slack: SlackStandIn, tmp_path: Path) -> None:
    async def act() -> None:
        async with due_now(slack, tmp_path) as (report, ledger):
            broken = replace(report, reporter=cast("Reporter", BrokenReporter()))
            await broken.look()
            await other_replica(report, ledger).look()
            assert posted(slack) == []

    asyncio.run(act())


class BrokenReporter:
    async def report(self, **period: float) -> NoReturn:
        message = f"a mistake in {period}"
        raise ValueError(message)
