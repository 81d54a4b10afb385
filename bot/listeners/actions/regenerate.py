"""Regenerate: the buttons that ask for another answer to a thread's latest question, anew, longer or shorter."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from bot.ledger import LedgerError
from bot.listeners.actions.interaction import Interaction
from bot.rendering.action_ids import REGENERATE_PREFIX
from bot.slack.errors import SlackError

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.answering.admission import AccessPolicy
    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.slack.users import Users
    from rag import Style

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegenerateActions:
    """Has questions answered once more, in the place of their answer, for whoever may ask."""

    ledger: Ledger
    worker: Worker
    policy: AccessPolicy
    users: Users

    async def on_button(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Take the question up anew; a press on an answer that is not the latest, or is being made, is told so."""
        await ack()
        interaction = Interaction(client, body, self.users)
        if word := await self._regenerate(interaction):
            await interaction.post_ephemeral(word)

    async def _regenerate(self, interaction: Interaction) -> str:
        """Return what to tell who pressed; "" where the new answer tells all."""
        style, words = cast("Style", interaction.action.removeprefix(REGENERATE_PREFIX)), await interaction.words()
        try:
            if refused := await interaction.refusal(self.policy, self.ledger):
                return refused
            entry = await self.ledger.revisions.regenerate(interaction.question, style=style)
        except (LedgerError, SlackError) as error:
            logger.warning("A question can't be answered again: %s", error)
            return words.not_now
        if entry is None:
            return words.not_the_latest
        logger.info("%s %s is answered again (%s)", interaction.channel, interaction.value, style)
        self.worker.resubmit(entry)
        return ""
