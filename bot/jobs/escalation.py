"""This file is where a person's help is asked for, once in a thread, and where it is noted that it was given."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from bot.ledger import (
    LedgerError,
    note_called,
    uncalled,
    withdraw_escalation,
)
from bot.posting.destinations import InThread, post_plea_elsewhere
from bot.rendering.escalation import Plea, cited_pages, plea_message
from bot.rendering.permalinks import message_address
from bot.slack.errors import SlackTroubleError

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.ledger import Call, Ledger
    from bot.slack.users import People

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
    called: tuple[str, ...]
    channel: str
    workspace: str

    async def look_after(self) -> None:
        """Call those whom a process that is gone has not called any more, for ever."""
        while True:
            try:
                for call in await uncalled(self.ledger.database) if self.called else ():
                    await self._call_late(call)
            except LedgerError as error:
                logger.warning("It can't be seen whether someone is to be called: %s", error)
            await asyncio.sleep(LOOK_EVERY_S * random.uniform(0.8, 1.2))  # noqa: S311 - spreads replicas

    async def call_now(self, call: Call) -> str:
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
