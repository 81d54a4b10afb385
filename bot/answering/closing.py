"""This file is where a question is closed that gets no answer, and where its asker is told why."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from bot.ledger import restore
from bot.posting.destinations import InThread, Privately, tell_directly
from bot.posting.own_messages import read_notices
from bot.rendering.blocks import notice_message
from bot.slack.errors import UnreachableAskerError, error_code, explain

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.ledger import Entry, Ledger
    from bot.slack.users import People

logger = logging.getLogger(__name__)


RESTORED = "the answer before stands"
TOLD_ALONE = "-"
"""Stands for the ts of a notice that the asker alone has seen: it can't be taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """Closes questions without an answer; a word to the asker that does not arrive is logged."""

    client: AsyncWebClient
    ledger: Ledger
    people: People
    bot_name: str

    async def refuse(self, entry: Entry, refusal: str, *, reason: str) -> None:
        """Tell the asker alone why there is no answer; who has not asked the bot is not told."""
        try:
            if reply_url := await self.ledger.reply_url(entry):
                await Privately(reply_url).post(notice_message(refusal), 0)
            elif not entry.inquiry.is_unasked:
                await InThread(client=self.client, inquiry=entry.inquiry).whisper(refusal)
        except SlackApiError as error:
            logger.info("The asker in %s can't be told: %s", entry.inquiry.channel, explain(error))
        except UnreachableAskerError as error:
            logger.info("The asker in %s can't be told: %s", entry.inquiry.channel, error)
        await self.close_quietly(entry, reason)

    async def tell_elsewhere(self, entry: Entry, error: SlackApiError) -> None:
        """Tell the asker directly that the bot can't post where they asked, and whoever runs it what can be done."""
        inquiry = entry.inquiry
        logger.warning("No answer can be posted in %s: %s", inquiry.channel, explain(error))
        words = await self.people.words(inquiry.user)
        reason = words.refusal(error_code(error), bot_name=self.bot_name)
        told = words.can_not_post.format(channel=f"<#{inquiry.channel}>", reason=reason)
        try:
            if not inquiry.is_unasked:
                await tell_directly(self.client, inquiry.user, told)
        except SlackApiError as second:
            logger.info("The asker %s can't be told: %s", inquiry.user, explain(second))
        await self.take_back_notice(entry)
        await self.ledger.close(entry, "failed", reason=error_code(error))

    async def close_unreachable(self, entry: Entry, error: UnreachableAskerError) -> None:
        """Close a question whose asker could only be answered at an address that takes nothing more."""
        logger.warning("The asker of %s %s can't be reached: %s", entry.inquiry.channel, entry.inquiry.ts, error)
        await self.ledger.close(entry, "failed", reason=str(error))

    async def close_quietly(self, entry: Entry, reason: str) -> None:
        """Close a question without an answer; one that had an answer before keeps that."""
        logger.debug("Quiet in %s %s: %s", entry.inquiry.channel, entry.inquiry.ts, reason)
        await self.take_back_notice(entry)
        if reason == RESTORED or (entry.revision and await restore(self.ledger, entry, reason=reason)):
            return
        await self.ledger.close(entry, "quiet", reason=reason)

    async def take_back_notice(self, entry: Entry) -> None:
        """Delete the word that the answer takes longer; of one that was posted unheard the thread is asked.

        Where Slack refuses that (the channel is archived), the word stays.
        """
        inquiry = entry.inquiry
        notices = [entry.notice_ts] if entry.notice_ts not in {"", TOLD_ALONE} else []
        try:
            if entry.tries > 1 and inquiry.thread_ts and inquiry.way != "private":
                notices += await read_notices(self.client, inquiry, "wait")
            for ts in dict.fromkeys(notices):
                await InThread(client=self.client, inquiry=inquiry).take_back(ts)
        except SlackApiError as error:
            logger.info("A notice stays in %s %s: %s", inquiry.channel, inquiry.thread_ts, explain(error))
