"""This file is where messages get into Slack: an answer into its thread, or to the asker alone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from bot import wording
from bot.blocks import answer_messages, markdown_block, notice_message, question_message
from bot.thread import QUESTION_EVENT

if TYPE_CHECKING:
    from slack_bolt.context.respond.async_respond import AsyncRespond
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.blocks import SlackMessage
    from bot.intake import Inquiry
    from rag import Answer

logger = logging.getLogger(__name__)


async def show_status(client: AsyncWebClient, inquiry: Inquiry) -> None:
    """Show below the question that it is being worked on; where Slack has no status there, nothing is lost."""
    try:
        await client.assistant_threads_setStatus(
            channel_id=inquiry.channel, thread_ts=inquiry.thread_ts, status=wording.STATUS
        )
    except SlackApiError as error:
        logger.debug("No status in %s: %s", inquiry.channel, error.response.get("error"))


async def post_answer(client: AsyncWebClient, inquiry: Inquiry, answer: Answer) -> None:
    """Post the whole answer in the question's thread."""
    for message in answer_messages(answer):
        await _post(client, inquiry.channel, inquiry.thread_ts, message)


async def post_notice(client: AsyncWebClient, inquiry: Inquiry, text: str) -> None:
    """Post one of the bot's own sentences in the question's thread."""
    await _post(client, inquiry.channel, inquiry.thread_ts, notice_message(text))


async def post_question(client: AsyncWebClient, *, channel: str, user: str, question: str) -> str:
    """Post a slash command's question in its channel, in the asker's name; return its ts."""
    message = question_message(user, question)
    metadata = {"event_type": QUESTION_EVENT, "event_payload": {"user": user, "question": question}}
    posted = await client.chat_postMessage(
        channel=channel, text=message.text, blocks=message.blocks, metadata=metadata, unfurl_links=False
    )
    return str(posted["ts"])


async def tell_privately(respond: AsyncRespond, text: str) -> None:
    """Tell the person who used the command, and nobody else."""
    message = notice_message(text)
    await respond(text=message.text, blocks=message.blocks, response_type="ephemeral")


async def answer_privately(respond: AsyncRespond, answer: Answer, *, bot_name: str) -> None:
    """Show the answer to the asker alone, with how to invite the bot. Slack takes five such messages a command."""
    messages = answer_messages(answer)
    messages[-1].blocks.append(markdown_block(wording.NOT_A_MEMBER.format(name=bot_name)))
    for message in messages:
        await respond(text=message.text, blocks=message.blocks, response_type="ephemeral")


async def _post(client: AsyncWebClient, channel: str, thread_ts: str, message: SlackMessage) -> None:
    await client.chat_postMessage(
        channel=channel,
        thread_ts=thread_ts,
        text=message.text,
        blocks=message.blocks,
        unfurl_links=False,
        unfurl_media=False,
    )
