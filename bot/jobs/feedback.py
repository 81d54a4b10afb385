"""Feedback that words come with is told at once where the team wants it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from bot.ledger import LedgerError
from bot.posting.own_messages import post_elsewhere
from bot.rendering.feedback import disliked_message
from bot.rendering.permalinks import question_address
from bot.slack.errors import SlackError

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity, MessageRef
    from bot.ledger import Ledger
    from bot.slack.channels import Channels

logger = logging.getLogger(__name__)

SHOWN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackTeller:
    """Tells of a thumbs-down with words in `channel`, "" for nowhere; of what not everybody could read, only that."""

    client: AsyncWebClient
    ledger: Ledger
    channels: Channels
    bot: BotIdentity
    channel: str

    async def tell(self, ref: MessageRef, chosen: str, said: str) -> None:
        """Post what was said of an answer; that it can't be is logged, the vote is kept all the same."""
        if not self.channel:
            return
        try:
            question = await self.ledger.questions.find(ref)
            if question is None:
                return
            if await self.channels.may_quote(question, in_channel=self.channel):
                address = question_address(self.bot.workspace, question)
                asked = shorten(question.text, SHOWN, placeholder=" …")
                message = disliked_message(chosen, said, asked=asked, address=address)
            else:
                message = disliked_message(chosen, "", asked="", address="")
            await post_elsewhere(self.client, self.channel, message)
        except (SlackError, LedgerError) as error:
            logger.warning("What was said of an answer can't be told in %s: %s", self.channel, error)
