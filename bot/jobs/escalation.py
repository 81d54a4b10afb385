"""Escalation: people are called to a question, now or by whoever finds that nobody was called yet."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.background import jitter
from bot.ledger import LedgerError
from bot.posting.own_messages import post_elsewhere
from bot.posting.placing import thread_destination
from bot.rendering.escalation import EscalationDetails, cited_pages, escalation_message
from bot.rendering.permalinks import message_address
from bot.slack.errors import SlackError, SlackUnavailableError
from bot.telemetry import ESCALATIONS, about

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity, SlackMessage
    from bot.ledger import Entry, Escalation, Ledger
    from bot.slack.users import Users

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalator:
    """Calls those who are to be `called`: ids of users and user groups.

    That is done in the question's thread, or in `channel` where nobody but the asker sees that.
    """

    client: AsyncWebClient
    ledger: Ledger
    users: Users
    called: tuple[str, ...]
    channel: str
    bot: BotIdentity

    async def run(self) -> None:
        """Call those whom a process that is gone has not called any more, for ever."""
        while True:
            try:
                for escalation in await self.ledger.escalations.claim_unposted() if self.called else ():
                    await self._call_late(escalation)
            except LedgerError as error:
                logger.warning("It can't be seen whether someone is to be called: %s", error)
            await asyncio.sleep(jitter(LOOK_EVERY_S))

    async def call_person(self, entry: Entry) -> str:
        """Call people to a question whose asker wants them, once a thread; return what to tell the asker alone."""
        question = entry.question
        escalation = await self.ledger.escalations.request(question.ref, user=question.user)
        return await self.call_now(escalation) if escalation else ""

    async def call_now(self, escalation: Escalation) -> str:
        """Call people, or forget that it was asked for; return what to tell who pressed."""
        try:
            return await self._call(escalation)
        except SlackError as error:
            logger.warning("Nobody can be called: %s", error)
            await self.ledger.escalations.withdraw(escalation.entry)
            return (await self.users.words(escalation.user)).can_not_ask_a_person
        except LedgerError as error:  # people were called, and it is looked up later that they were
            logger.warning("It can't be noted that people were called: %s", error)
            return ""

    async def _call_late(self, escalation: Escalation) -> None:
        entry, question = escalation.entry, escalation.entry.question
        try:
            thread = thread_destination(self.client, entry)
            posted = "" if escalation.channel else await thread.find_escalation(self.bot)
            if posted:
                await self.ledger.escalations.record_posted(entry, ts=posted)
            else:
                await self._call(escalation)
        except SlackUnavailableError as error:
            logger.info("Nobody can be called to %s %s now: %s", question.channel, question.ts, error)
        except SlackError as error:
            logger.warning("Nobody can be called to %s %s: %s", question.channel, question.ts, error)
            await self.ledger.escalations.withdraw(entry)

    async def _call(self, escalation: Escalation) -> str:
        """Post the message that calls people; return what is to be told, to the asker alone, of one elsewhere."""
        entry, question = escalation.entry, escalation.entry.question
        message = await self._message(escalation)
        with about(entry.id):
            logger.info("Calling a person to %s %s", question.channel, question.thread_ts)
        thread = thread_destination(self.client, entry)
        if not escalation.channel:
            await self.ledger.escalations.record_posted(entry, ts=await thread.post_escalation(message))
            ESCALATIONS.inc()
            return ""
        ts = await post_elsewhere(self.client, escalation.channel, message)
        await self.ledger.escalations.record_posted(entry, ts=ts)
        ESCALATIONS.inc()
        words = await self.users.words(escalation.user)
        told = words.asked_elsewhere.format(link=message_address(self.bot.workspace, escalation.channel, ts))
        if not question.is_direct:
            return told
        try:
            await thread.post_notice(told, "where")
        except SlackError as error:
            logger.warning("The asker of %s can't be told where: %s", question.channel, error)
        return ""

    async def _message(self, escalation: Escalation) -> SlackMessage:
        entry, question = escalation.entry, escalation.entry.question
        pages = cited_pages(entry.messages)
        details = EscalationDetails(user=escalation.user, question=question.text, kind=entry.kind, pages=pages)
        about = f"{question.channel}/{question.ts}" if escalation.channel else question.ts
        words = await self.users.words(escalation.user)
        return escalation_message(details, words, called=self.called, about=about)
