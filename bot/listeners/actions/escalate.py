"""Escalation: the buttons that ask for a person's help, and say that it was given."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.ledger import LedgerError, has_words, note_escalation, resolve_escalation
from bot.listeners.actions.interaction import Presser
from bot.rendering.action_ids import ESCALATE_ELSEWHERE_ACTION
from bot.rendering.escalation import resolved_blocks
from bot.slack.errors import SlackTroubleError, talking_to_slack

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.answering.admission import Access
    from bot.jobs.escalation import Escalation
    from bot.ledger import Ledger
    from bot.slack.users import People

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalateActions:
    """Takes the buttons; `escalation` calls people."""

    ledger: Ledger
    people: People
    access: Access
    escalation: Escalation

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

    async def _take_up(self, presser: Presser) -> str:
        """Return what to tell who pressed; "" where the call tells all."""
        words = await presser.words()
        channel = self.escalation.channel if presser.action == ESCALATE_ELSEWHERE_ACTION else ""
        try:
            if refusal := await self.access.refusal_of(presser.user, channel=presser.channel):
                return refusal
            if not await has_words(self.ledger.database, presser.key):
                return words.question_is_gone
            call = await note_escalation(self.ledger.database, presser.key, user=presser.user, channel=channel)
        except (LedgerError, SlackApiError, SlackTroubleError) as error:
            logger.warning("Nobody can be called: %s", error)
            return words.can_not_ask_a_person
        return await self.escalation.call_now(call) if call else words.asked_a_person_before
