"""This file is where another answer to the latest question of a thread is asked for: anew, longer, shorter."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from slack_sdk.errors import SlackApiError

from bot.ledger import LedgerError, answer_again, has_words
from bot.listeners.actions.interaction import Presser
from bot.rendering.action_ids import AGAIN_PREFIX
from bot.slack.errors import SlackTroubleError

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.answering.admission import Access
    from bot.jobs.worker import Workers
    from bot.ledger import Ledger
    from bot.slack.users import People
    from rag import Style

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Again:
    """Has questions answered once more, in the place of their answer, for whoever may ask."""

    ledger: Ledger
    workers: Workers
    access: Access
    people: People

    async def on_button(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Take the question up anew; a press on an answer that is not the latest, or is being made, is told so."""
        await ack()
        presser = Presser(client, body, self.people)
        if word := await self._take_up(presser):
            await presser.whisper(word)

    async def _take_up(self, presser: Presser) -> str:
        """Return what to tell who pressed; "" where the new answer tells all."""
        style, words = cast("Style", presser.action.removeprefix(AGAIN_PREFIX)), await presser.words()
        try:
            if refusal := await self.access.refusal_of(presser.user, channel=presser.channel):
                return refusal
            if not await has_words(self.ledger.database, presser.key):
                return words.question_is_gone
            entry = await answer_again(self.ledger, presser.key, style=style)
        except (LedgerError, SlackApiError, SlackTroubleError) as error:
            logger.warning("A question can't be answered again: %s", error)
            return words.not_now
        if entry is None:
            return words.not_the_latest
        logger.info("%s %s is answered again (%s)", presser.channel, presser.value, style)
        self.workers.take_anew(entry)
        return ""
