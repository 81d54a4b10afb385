"""This file is where a person's help is asked for, once in a thread, and where it is noted that it was given."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.blocks import Plea, cited_pages, plea_message, resolved_blocks
from bot.ledger import LedgerError, note_escalation, resolve_escalation, withdraw_escalation
from bot.presser import Presser
from bot.reply import InThread
from bot.slack_errors import SlackTroubleError, talking_to_slack

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.intake import Inquiry
    from bot.ledger import Entry, Ledger
    from bot.people import People

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Escalation:
    """Calls those who are to be `called`: ids of users and user groups."""

    ledger: Ledger
    people: People
    called: tuple[str, ...]

    async def on_button(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Call someone, unless that was done in this thread before."""
        await ack()
        presser = Presser(client, body, self.people)
        try:
            entry = await note_escalation(self.ledger.database, presser.key, user=presser.user)
        except LedgerError as error:
            logger.warning("Nobody can be called: %s", error)
            await presser.whisper((await presser.words()).can_not_ask_a_person)
            return
        if entry is None:
            await presser.whisper((await presser.words()).asked_a_person_before)
            return
        try:
            await self._call(entry, presser)
        except (SlackApiError, SlackTroubleError) as error:
            logger.warning("Nobody can be called: %s", error)
            await presser.whisper((await presser.words()).can_not_ask_a_person)
            await withdraw_escalation(self.ledger.database, presser.key)

    async def on_resolved(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Note who has helped, and show it in place of the button."""
        await ack()
        presser, message = Presser(client, body, self.people), body["message"]
        if not await resolve_escalation(self.ledger.database, presser.key, user=presser.user):
            return
        with talking_to_slack():
            await client.chat_update(
                channel=presser.channel,
                ts=message["ts"],
                text=message["text"],
                blocks=resolved_blocks(message["blocks"], presser.user, await presser.words()),
            )

    async def _call(self, entry: Entry, presser: Presser) -> None:
        inquiry: Inquiry = entry.inquiry
        pages = cited_pages(entry.messages)
        plea = Plea(user=presser.user, question=inquiry.text, kind=entry.kind, pages=pages)
        message = plea_message(plea, await presser.words(), called=self.called, ts=inquiry.ts)
        await InThread(client=presser.client, inquiry=inquiry).post_plea(message)
        logger.info("Called a person to %s %s", inquiry.channel, inquiry.thread_ts)
