"""Retracting: messages of the bot that have served, or have lost their question, go."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.posting.destinations import ThreadDestination
from bot.posting.own_messages import ANSWER_EVENT, NOTICE_EVENT, find_own_messages, has_replies, read_notices
from bot.posting.placing import thread_destination
from bot.posting.status import StatusIndicator
from bot.rendering.answer import without_regenerate_buttons
from bot.slack.errors import SlackRefusedError

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity, SlackQuestion
    from bot.ledger import Entry, Ledger
    from bot.posting.publishing import AnswerPublisher
    from bot.slack.rate_limits import SlackRateLimits

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRetractor:
    """Takes away answers, notices, buttons and sessions."""

    client: AsyncWebClient
    ledger: Ledger
    rate_limits: SlackRateLimits
    publisher: AnswerPublisher
    bot: BotIdentity

    async def retract_answer(self, entry: Entry) -> None:
        """Delete what was posted for a question that is gone, unless someone has replied to it."""
        question = entry.question
        destination = thread_destination(self.client, entry)
        if await has_replies(self.client, question, bot=self.bot):
            logger.info("The answer to the deleted %s %s stays: it was replied to", question.channel, question.ts)
            return
        earlier = await self.publisher.earlier_messages(entry, destination)
        # A notice may repeat the question.
        own = await find_own_messages(self.client, question, ANSWER_EVENT, NOTICE_EVENT, bot=self.bot)
        for ts in dict.fromkeys([*entry.posted.values(), *earlier, *(ts for ts, _ in own)]):
            if ts:
                await destination.retract(ts)
        escalation = await self.ledger.escalations.of(entry)
        if escalation and escalation.channel and escalation.posted_ts:
            elsewhere = replace(question, channel=escalation.channel)
            await ThreadDestination(client=self.client, question=elsewhere).retract(escalation.posted_ts)
        await self.end_session(entry)
        logger.info("Retracted the answer to the deleted %s %s", question.channel, question.ts)

    async def retract_late_messages(self, entry: Entry) -> None:
        """Delete what came to stand beside the answer that the ledger knows, once that is closed.

        `entry` is the question as it stands. What was under way to Slack when it became another process' may have
        arrived: a part of an answer, or the notice that it takes longer.
        """
        known = {*entry.posted.values(), *entry.to_replace}
        for ts, payload in await find_own_messages(
            self.client, entry.question, ANSWER_EVENT, NOTICE_EVENT, bot=self.bot
        ):
            if ts not in known and payload.get("notice", "wait") == "wait":
                logger.info("Retracted what came late to %s %s", entry.question.channel, entry.question.ts)
                await thread_destination(self.client, entry).retract(ts)

    async def retract_notice(self, entry: Entry) -> None:
        """Delete the notice that the answer takes longer; read the thread where the reply to its post may be lost.

        Where Slack refuses that (the channel is archived), the notice stays.
        """
        question = entry.question
        notices = [entry.notice_ts] if entry.notice_ts else []
        try:
            if entry.tries > 1 and question.thread_ts and question.origin != "private":
                notices += await read_notices(self.client, question, "wait", bot=self.bot)
            for ts in dict.fromkeys(notices):
                await ThreadDestination(client=self.client, question=question).retract(ts)
        except SlackRefusedError as error:
            logger.info("A notice stays in %s %s: %s", question.channel, question.thread_ts, error)

    async def retract_unaccepted_notice(self, question: SlackQuestion) -> None:
        """Delete the notice that this question could not be accepted, whichever replica posted it."""
        for ts in await read_notices(self.client, question, "untaken", bot=self.bot):
            await ThreadDestination(client=self.client, question=question).retract(ts)

    async def remove_regenerate_buttons(self, entry: Entry) -> None:
        """Leave the buttons that ask for another answer to the thread's latest one."""
        before = await self.ledger.revisions.answered_before(entry)
        if before is None or not before.posted:
            return
        messages = without_regenerate_buttons(before.messages)
        if messages != list(before.messages) and await self.ledger.revisions.replace_messages(before, messages):
            last = max(before.posted)
            await thread_destination(self.client, before).change(before.posted[last], messages[last], last)

    async def end_session(self, entry: Entry) -> None:
        """Take the stop button away."""
        if entry.question.thread_ts and entry.question.origin != "private":
            destination = thread_destination(self.client, entry)
            await StatusIndicator(destination=destination, rate_limits=self.rate_limits, processing=True).end()
