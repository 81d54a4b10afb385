"""Muting: the bot keeps quiet in a thread, by a button or in words, until it is mentioned again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain import ThreadRef
from bot.ledger import LedgerError
from bot.listeners.actions.interaction import Interaction
from bot.posting.destinations import ThreadDestination
from bot.slack.errors import SlackError

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_bolt.context.async_context import AsyncBoltContext
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import SlackQuestion
    from bot.ledger import Ledger
    from bot.slack.users import Users

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteActions:
    """Mutes and unmutes threads."""

    ledger: Ledger
    users: Users

    async def on_button(
        self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext
    ) -> None:
        """Stay quiet in the thread whose button was pressed, until mentioned again."""
        await ack()
        interaction, message = Interaction(client, body, self.users), body["message"]
        thread = ThreadRef(context.team_id or "", interaction.channel, message.get("thread_ts") or message["ts"])
        words = await interaction.words()
        try:
            await self.ledger.threads.mute(thread, user=interaction.user)
        except LedgerError as error:
            logger.warning("A thread can't be muted: %s", error)
            await interaction.post_ephemeral(words.not_now)
            return
        logger.info("Muted in %s %s", thread.channel, thread.thread_ts)
        await interaction.post_ephemeral(words.muted)

    async def change(self, question: SlackQuestion, client: AsyncWebClient, *, mute_it: bool) -> None:
        """Mute a thread, or unmute it, as a message there asks; tell who has written it."""
        words = await self.users.words(question.user)
        if mute_it:
            is_news = await self.ledger.threads.mute(question.thread, user=question.user)
        else:
            is_news = await self.ledger.threads.unmute(question.thread)
        if not is_news:
            return  # by the other event of the same mention, perhaps: that has told it
        logger.info("%s in %s %s", "Muted" if mute_it else "Unmuted", question.channel, question.thread_ts)
        try:
            await ThreadDestination(client=client, question=question).post_ephemeral(
                words.muted if mute_it else words.unmuted
            )
        except SlackError as error:
            logger.info("Who muted the bot can't be told so: %s", error)
