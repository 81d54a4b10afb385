"""The weekly report: one replica posts it, once, though replicas crash."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from slack_sdk.models.metadata import Metadata

from bot.background import jitter
from bot.ledger import LedgerError
from bot.operations.report.rendering import as_message
from bot.posting.own_messages import post_message
from bot.reading.authors import is_own
from bot.slack.errors import SlackError, slack_call
from bot.slack.replies import field_of

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity
    from bot.ledger.repositories.reporting import Reporting
    from bot.operations.report.figures import Reporter
    from bot.text.weekly_time import WeeklyTime

logger = logging.getLogger(__name__)

REPORT_EVENT = "milvusfaq_report"
"""The metadata type of a report: `due` is when it was, in seconds since 1970."""
LOOK_EVERY_S = 30.0
WEEK_S, DAY_S = 7 * 86_400.0, 86_400.0
LATE_S = DAY_S
"""A report that was due while nobody ran is posted so much later at most."""
READ_BACK = 50
GIVEN_UP = "-"
"""Stands for the message of a report that can't be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyReport:
    """Posts the report of the week before each due time into a channel."""

    client: AsyncWebClient
    reporter: Reporter
    reporting: Reporting
    bot: BotIdentity
    channel: str
    at: WeeklyTime

    async def run(self) -> None:
        """Post whenever it is time, for ever."""
        while True:
            try:
                await self.look()
            except LedgerError as error:
                logger.warning("The report can't be made now: %s", error)
            await asyncio.sleep(jitter(LOOK_EVERY_S))

    async def look(self) -> None:
        """Post the report that is due, unless somebody has."""
        now = await self.reporting.time()
        due_at = last_due(self.at, now)
        if now - due_at > LATE_S:
            return
        is_first = await self.reporting.claim(self.bot.team, due_at)
        if is_first is None:
            return
        try:
            ts = "" if is_first else await self._find(due_at)
            ts = ts or await self._post(due_at)
        except SlackError as error:
            logger.warning("The report can't be posted in %s: %s", self.channel, error)
            await self.reporting.give_up(self.bot.team, due_at)
            return
        except LedgerError:
            raise
        except Exception:
            logger.exception("The report is given up: a mistake of its own.")  # it would end this bot, then the next
            await self.reporting.record_posted(self.bot.team, due_at, GIVEN_UP)
            return
        await self.reporting.record_posted(self.bot.team, due_at, ts)

    async def _post(self, due_at: float) -> str:
        report = await self.reporter.report(since=due_at - WEEK_S, until=due_at)
        metadata = Metadata(REPORT_EVENT, {"due": str(int(due_at))})
        ts = await post_message(self.client, self.channel, as_message(report), metadata)
        logger.info("Posted the week's report in %s.", self.channel)
        return ts

    async def _find(self, due_at: float) -> str:
        """Return the ts of the report that a replica has posted before it was gone; "" where it has not."""
        with slack_call():
            page = await self.client.conversations_history(
                channel=self.channel, oldest=f"{due_at:.6f}", limit=READ_BACK, include_all_metadata=True
            )
        for message in field_of(page, "messages", list):
            metadata = message.get("metadata") or {}
            is_report = metadata.get("event_type") == REPORT_EVENT
            if is_report and metadata["event_payload"].get("due") == str(int(due_at)) and is_own(message, self.bot):
                return str(message["ts"])
        return ""


def last_due(at: WeeklyTime, now: float) -> float:
    """Return the last moment at or before `now` at which a report was due, in seconds since 1970."""
    here = datetime.fromtimestamp(now, UTC).astimezone(at.zone)
    day = here.date() - timedelta(days=(here.weekday() - at.weekday) % 7)
    due = datetime(day.year, day.month, day.day, at.hour, at.minute, tzinfo=at.zone)
    if due > here:
        earlier = day - timedelta(days=7)
        due = datetime(earlier.year, earlier.month, earlier.day, at.hour, at.minute, tzinfo=at.zone)
    return due.timestamp()
