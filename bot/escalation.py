"""This file is where a person's help is asked for, once in a thread, and where it is noted that it was given."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.addresses import message_address
from bot.blocks import ESCALATE_ELSEWHERE_ACTION, Plea, cited_pages, plea_message, resolved_blocks
from bot.ledger import LedgerError, note_escalation, resolve_escalation, withdraw_escalation
from bot.presser import Presser
from bot.reply import InThread, post_plea_elsewhere
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
    """Calls those who are to be `called`: ids of users and user groups.

    That is done in the question's thread, or in `channel` where nobody but the asker sees that. `workspace` is the
    address of all messages.
    """

    ledger: Ledger
    people: People
    called: tuple[str, ...]
    channel: str
    workspace: str

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
            link = await self._call(entry, presser)
        except (SlackApiError, SlackTroubleError) as error:
            logger.warning("Nobody can be called: %s", error)
            await presser.whisper((await presser.words()).can_not_ask_a_person)
            await withdraw_escalation(self.ledger.database, presser.key)
            return
        if link:
            await self._tell_where(entry, presser, link)

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

    async def _call(self, entry: Entry, presser: Presser) -> str:
        """Post the plea; return its address where it stands in another place than the question."""
        inquiry: Inquiry = entry.inquiry
        elsewhere = presser.action == ESCALATE_ELSEWHERE_ACTION
        plea = Plea(user=presser.user, question=inquiry.text, kind=entry.kind, pages=cited_pages(entry.messages))
        about = f"{inquiry.channel}/{inquiry.ts}" if elsewhere else inquiry.ts
        message = plea_message(plea, await presser.words(), called=self.called, about=about)
        logger.info("Calling a person to %s %s", inquiry.channel, inquiry.thread_ts)
        if not elsewhere:
            await InThread(client=presser.client, inquiry=inquiry).post_plea(message)
            return ""
        ts = await post_plea_elsewhere(presser.client, self.channel, message)
        return message_address(self.workspace, self.channel, ts)

    async def _tell_where(self, entry: Entry, presser: Presser, link: str) -> None:
        text = (await presser.words()).asked_elsewhere.format(link=link)
        if not entry.inquiry.is_direct:
            await presser.whisper(text)
            return
        try:
            await InThread(client=presser.client, inquiry=entry.inquiry).post_notice(text)
        except (SlackApiError, SlackTroubleError) as error:
            logger.warning("The asker of %s can't be told where: %s", entry.inquiry.channel, error)
