"""Placing: where the answer to a question goes."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slack_sdk.models.metadata import Metadata

from bot.posting.destinations import ThreadDestination
from bot.posting.ephemeral import ephemeral_destination
from bot.posting.own_messages import PAGE_SIZE, QUESTION_EVENT, post_message
from bot.reading.authors import is_own
from bot.rendering.blocks import question_message
from bot.slack.errors import CannotPostError, RateLimitedError, SlackRefusedError, slack_call
from bot.slack.replies import field_of

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity, SlackQuestion
    from bot.ledger import Entry, Ledger
    from bot.posting.destinations import Destination
    from bot.slack.users import Users

logger = logging.getLogger(__name__)

HAVE_REPLY_URL = {"command", "shortcut", "private"}
"""The origins of questions that come with an address at which the asker alone is answered."""
READ_BACK_BEFORE_S = 60.0
"""Our clock and Slack's may differ by so much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPlacing:
    """Finds the place of an answer."""

    client: AsyncWebClient
    ledger: Ledger
    users: Users
    bot: BotIdentity

    async def place(self, entry: Entry) -> tuple[Entry, Destination]:
        """Return where the answer goes; a question that has no thread is posted first, and answered below.

        Where the bot may not post, the asker alone is answered, if there is a way to.
        """
        question = entry.question
        reply_url = await self.ledger.questions.reply_url(entry) if question.origin in HAVE_REPLY_URL else ""
        if question.origin == "private":
            return entry, ephemeral_destination(self.client, question, reply_url)
        try:
            entry = await self._with_thread(entry)
        except CannotPostError as error:
            if not reply_url:
                raise
            return entry, ephemeral_destination(self.client, question, reply_url, refusal=error)
        return entry, thread_destination(self.client, entry)

    async def _with_thread(self, entry: Entry) -> Entry:
        question = entry.question
        if question.origin == "shortcut":
            await self._check_access(question)
        if question.thread_ts:
            return entry
        ts = "" if entry.tries == 1 else await self._find_question(question, age_s=entry.age_s)
        return await self.ledger.questions.record_thread(entry, ts or await self._post_question(question))

    async def _check_access(self, question: SlackQuestion) -> None:
        """Make sure that the bot is where the thread is: Slack refuses to show it otherwise."""
        try:
            with slack_call():
                await self.client.conversations_replies(channel=question.channel, ts=question.thread_ts, limit=1)
        except RateLimitedError:
            logger.debug("It is not looked whether %s can be read: that was done too often", question.channel)

    async def _post_question(self, question: SlackQuestion) -> str:
        """Post a question that has no message in its channel, in the asker's name; return its ts."""
        message = question_message(question.user, question.text, await self.users.words(question.user))
        payload = {"user": question.user, "key": question.ts}  # of a long question Slack would not keep the words
        return await post_message(self.client, question.channel, message, Metadata(QUESTION_EVENT, payload))

    async def _find_question(self, question: SlackQuestion, *, age_s: float) -> str:
        """Return the ts of the message that was posted for a question `age_s` ago; "" where none is seen."""
        try:
            with slack_call():
                page = await self.client.conversations_history(
                    channel=question.channel,
                    limit=PAGE_SIZE,
                    oldest=f"{time.time() - age_s - READ_BACK_BEFORE_S:.6f}",
                    include_all_metadata=True,
                )
                messages = field_of(page, "messages", list)
        except SlackRefusedError as error:
            logger.info("The channel %s can't be read: %s", question.channel, error)
            return ""
        for message in messages:
            metadata = message.get("metadata") or {}
            is_question = metadata.get("event_type") == QUESTION_EVENT and is_own(message, self.bot)
            if is_question and metadata["event_payload"].get("key") == question.ts:
                return str(message["ts"])
        return ""


def thread_destination(client: AsyncWebClient, entry: Entry) -> ThreadDestination:
    """Return the thread of a question, for the answer that it gets now."""
    return ThreadDestination(client=client, question=entry.question, revision=entry.revision)
