"""This file is where a person's help is asked for, once in a thread, and where it is noted that it was given."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.addresses import message_address
from bot.blocks import ESCALATE_ELSEWHERE_ACTION, Plea, cited_pages, plea_message, resolved_blocks
from bot.ledger import (
    LedgerError,
    has_words,
    note_called,
    note_escalation,
    resolve_escalation,
    uncalled,
    withdraw_escalation,
)
from bot.presser import Presser
from bot.reply import InThread, post_plea_elsewhere
from bot.slack_errors import SlackTroubleError, talking_to_slack

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.access import Access
    from bot.ledger import Call, Ledger
    from bot.people import People

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Calls those who are to be `called`: ids of users and user groups.

    That is done in the question's thread, or in `channel` where nobody but the asker sees that. `workspace` is the
    address of all messages.
    """

    client: AsyncWebClient
    ledger: Ledger
    people: People
    access: Access
    called: tuple[str, ...]
    channel: str
    workspace: str

    async def on_button(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Call someone for whoever may ask, unless that was done in this thread before."""
        await ack()
        presser = Presser(client, body, self.people)
        if word := await self._take_up(presser):
            await presser.whisper(word)

    async def on_resolved(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Note who has helped, and show it in place of the button."""
        await ack()
        presser, message = Presser(client, body, self.people), body["message"]
        words = await presser.words()
        try:
            helper = await resolve_escalation(self.ledger.database, presser.key, user=presser.user)
            if helper is None:
                return
            with talking_to_slack():
                await client.chat_update(
                    channel=presser.channel,
                    ts=message["ts"],
                    text=f"{message['text']}\n{words.resolved_by}<@{helper}>",
                    blocks=resolved_blocks(message["blocks"], helper, words),
                )
        except (LedgerError, SlackApiError, SlackTroubleError) as error:
            logger.warning("It can't be shown that someone has helped: %s", error)
            await presser.whisper(words.not_now)

    async def look_after(self) -> None:
        """Call those whom a process that is gone has not called any more, for ever."""
        while True:
            try:
                for call in await uncalled(self.ledger.database) if self.called else ():
                    await self._call_late(call)
            except LedgerError as error:
                logger.warning("It can't be seen whether someone is to be called: %s", error)
            await asyncio.sleep(LOOK_EVERY_S * random.uniform(0.8, 1.2))  # noqa: S311 - spreads replicas

    async def _take_up(self, presser: Presser) -> str:
        """Return what to tell who pressed; "" where the call tells all."""
        words = await presser.words()
        channel = self.channel if presser.action == ESCALATE_ELSEWHERE_ACTION else ""
        try:
            if refusal := await self.access.refusal_of(presser.user, channel=presser.channel):
                return refusal
            if not await has_words(self.ledger.database, presser.key):
                return words.question_is_gone
            call = await note_escalation(self.ledger.database, presser.key, user=presser.user, channel=channel)
        except (LedgerError, SlackApiError, SlackTroubleError) as error:
            logger.warning("Nobody can be called: %s", error)
            return words.can_not_ask_a_person
        return await self._call_now(call) if call else words.asked_a_person_before

    async def _call_now(self, call: Call) -> str:
        """Call people, or forget that it was asked for; return what to tell who pressed."""
        try:
            return await self._call(call)
        except (SlackApiError, SlackTroubleError) as error:
            logger.warning("Nobody can be called: %s", error)
            await withdraw_escalation(self.ledger.database, call.entry)
            return (await self.people.words(call.user)).can_not_ask_a_person
        except LedgerError as error:  # people were called, and it is looked up later that they were
            logger.warning("It can't be noted that people were called: %s", error)
            return ""

    async def _call_late(self, call: Call) -> None:
        inquiry = call.entry.inquiry
        try:
            posted = "" if call.channel else await InThread(client=self.client, inquiry=inquiry).read_plea()
            if posted:
                await note_called(self.ledger.database, call.entry, ts=posted)
            else:
                await self._call(call)
        except SlackApiError as error:
            logger.warning("Nobody can be called to %s %s: %s", inquiry.channel, inquiry.ts, error)
            await withdraw_escalation(self.ledger.database, call.entry)
        except SlackTroubleError as error:
            logger.info("Nobody can be called to %s %s now: %s", inquiry.channel, inquiry.ts, error)

    async def _call(self, call: Call) -> str:
        """Post the plea; return what is to be told, to the asker alone, of one that stands elsewhere."""
        entry, inquiry, words = call.entry, call.entry.inquiry, await self.people.words(call.user)
        plea = Plea(user=call.user, question=inquiry.text, kind=entry.kind, pages=cited_pages(entry.messages))
        about = f"{inquiry.channel}/{inquiry.ts}" if call.channel else inquiry.ts
        message = plea_message(plea, words, called=self.called, about=about)
        logger.info("Calling a person to %s %s", inquiry.channel, inquiry.thread_ts)
        thread = InThread(client=self.client, inquiry=inquiry)
        if not call.channel:
            await note_called(self.ledger.database, entry, ts=await thread.post_plea(message))
            return ""
        ts = await post_plea_elsewhere(self.client, call.channel, message)
        await note_called(self.ledger.database, entry, ts=ts)
        told = words.asked_elsewhere.format(link=message_address(self.workspace, call.channel, ts))
        if not inquiry.is_direct:
            return told
        try:
            await thread.post_notice(told, "where")
        except (SlackApiError, SlackTroubleError) as error:
            logger.warning("The asker of %s can't be told where: %s", inquiry.channel, error)
        return ""
