"""Escalation: the buttons that ask for a person's help, and say that it was given."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.ledger import LedgerError
from bot.listeners.actions.interaction import Interaction
from bot.rendering.action_ids import ESCALATE_ELSEWHERE_ACTION
from bot.rendering.escalation import resolved_blocks
from bot.slack.errors import SlackError, slack_call

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.answering.admission import AccessPolicy
    from bot.jobs.escalation import Escalator
    from bot.ledger import Ledger
    from bot.slack.users import Users

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalateActions:
    """Takes the buttons; `escalator` calls people."""

    ledger: Ledger
    users: Users
    policy: AccessPolicy
    escalator: Escalator

    async def on_button(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Call someone for whoever may ask, unless that was done in this thread before."""
        await ack()
        interaction = Interaction(client, body, self.users)
        if word := await self._escalate(interaction):
            await interaction.post_ephemeral(word)

    async def on_resolved(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Note who has helped, and show it in place of the button."""
        await ack()
        interaction, message = Interaction(client, body, self.users), body["message"]
        words = await interaction.words()
        try:
            helper = await self.ledger.escalations.resolve(interaction.question, user=interaction.user)
            if helper is None:
                return
            with slack_call():
                await client.chat_update(
                    channel=interaction.channel,
                    ts=message["ts"],
                    text=f"{message['text']}\n{words.resolved_by}<@{helper}>",
                    blocks=resolved_blocks(message["blocks"], helper, words),
                )
        except (LedgerError, SlackError) as error:
            logger.warning("It can't be shown that someone has helped: %s", error)
            await interaction.post_ephemeral(words.not_now)

    async def _escalate(self, interaction: Interaction) -> str:
        """Return what to tell who pressed; "" where the call tells all."""
        words = await interaction.words()
        channel = self.escalator.channel if interaction.action == ESCALATE_ELSEWHERE_ACTION else ""
        try:
            if refused := await interaction.refusal(self.policy, self.ledger):
                return refused
            escalation = await self.ledger.escalations.request(
                interaction.question, user=interaction.user, channel=channel
            )
        except (LedgerError, SlackError) as error:
            logger.warning("Nobody can be called: %s", error)
            return words.can_not_ask_a_person
        return await self.escalator.call_now(escalation) if escalation else words.asked_a_person_before
