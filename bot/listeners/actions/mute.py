"""Muting: the bot keeps quiet in a thread, by a button or in words, until it is mentioned again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.ledger import LedgerError, mute, unmute
from bot.listeners.actions.interaction import Presser
from bot.posting.destinations import InThread
from bot.slack.errors import SlackTroubleError

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_bolt.context.async_context import AsyncBoltContext
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import Inquiry
    from bot.ledger import Ledger
    from bot.slack.users import People

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteActions:
    """Mutes and unmutes threads."""

    ledger: Ledger
    people: People

    async def on_button(
        self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext
    ) -> None:
        """Stay quiet in the thread whose button was pressed, until mentioned again."""
        await ack()
        presser, message = Presser(client, body, self.people), body["message"]
        thread = context.team_id or "", presser.channel, message.get("thread_ts") or message["ts"]
        words = await presser.words()
        try:
            await mute(self.ledger.database, thread, user=presser.user)
        except LedgerError as error:
            logger.warning("A thread can't be muted: %s", error)
            await presser.whisper(words.not_now)
            return
        logger.info("Muted in %s %s", *thread[1:])
        await presser.whisper(words.muted)

    async def mute(self, inquiry: Inquiry, client: AsyncWebClient, *, mute_it: bool) -> None:
        """Mute a thread, or unmute it, as a message there asks; tell who has written it."""
        database, words = self.ledger.database, await self.people.words(inquiry.user)
        if mute_it:
            is_news = await mute(database, inquiry.thread, user=inquiry.user)
        else:
            is_news = await unmute(database, inquiry.thread)
        if not is_news:
            return  # by the other event of the same mention, perhaps: that has told it
        logger.info("%s in %s %s", "Muted" if mute_it else "Unmuted", inquiry.channel, inquiry.thread_ts)
        try:
            await InThread(client=client, inquiry=inquiry).whisper(words.muted if mute_it else words.unmuted)
        except (SlackApiError, SlackTroubleError) as error:
            logger.info("Who muted the bot can't be told so: %s", error)
