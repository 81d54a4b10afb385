"""Placing: where the answer to a question goes."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata

from bot.posting.destinations import InThread, post_message
from bot.posting.own_messages import PAGE_SIZE, QUESTION_EVENT
from bot.rendering.blocks import question_message
from bot.slack.errors import explain, talking_to_slack

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import Inquiry
    from bot.ledger import Entry
    from bot.text.wording import Wording

logger = logging.getLogger(__name__)


ANSWERED_PRIVATELY = {"command", "shortcut", "private"}
"""The ways that have an address at which the asker alone is answered."""


async def post_question(client: AsyncWebClient, inquiry: Inquiry, words: Wording) -> str:
    """Post a question that has no message in its channel, in the asker's name; return its ts."""
    message = question_message(inquiry.user, inquiry.text, words)
    payload = {"user": inquiry.user, "question": inquiry.text, "key": inquiry.ts}
    return await post_message(client, inquiry.channel, message, Metadata(QUESTION_EVENT, payload))


READ_BACK_BEFORE_S = 60.0
"""Our clock and Slack's may differ by so much."""


async def look_at_thread(client: AsyncWebClient, inquiry: Inquiry) -> None:
    """Make sure that the bot is where the thread is: Slack refuses to show it otherwise."""
    with talking_to_slack():
        await client.conversations_replies(channel=inquiry.channel, ts=inquiry.thread_ts, limit=1)


async def find_question(client: AsyncWebClient, inquiry: Inquiry, *, age_s: float) -> str:
    """Return the ts of the message that was posted for a command's question `age_s` ago; "" where none is seen."""
    try:
        with talking_to_slack():
            page = await client.conversations_history(
                channel=inquiry.channel,
                limit=PAGE_SIZE,
                oldest=f"{time.time() - age_s - READ_BACK_BEFORE_S:.6f}",
                include_all_metadata=True,
            )
    except SlackApiError as error:
        logger.info("The channel %s can't be read: %s", inquiry.channel, explain(error))
        return ""
    for message in page["messages"]:
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == QUESTION_EVENT and metadata["event_payload"].get("key") == inquiry.ts:
            return str(message["ts"])
    return ""


def place_of(client: AsyncWebClient, entry: Entry) -> InThread:
    """Return the thread of a question, for the answer that it gets now."""
    return InThread(client=client, inquiry=entry.inquiry, revision=entry.revision)
