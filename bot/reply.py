"""This file is where messages get into Slack: an answer into its thread, or to the asker alone, and each only once."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.blocks import notice_message, question_message
from bot.slack_errors import SlackTroubleError, error_code, talking_to_slack
from bot.thread import ANSWER_EVENT, NOTICE_EVENT, QUESTION_EVENT, read_back

if TYPE_CHECKING:
    from slack_bolt.context.respond.async_respond import AsyncRespond
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.blocks import SlackMessage
    from bot.intake import Inquiry

logger = logging.getLogger(__name__)

OK = 200
WEBHOOK_TIMEOUT_S = 10
STATUS_TIMEOUT_S = 2.0
"""A status is a courtesy: it is not waited for longer, nor through Slack's Retry-After."""
GONE = {"message_not_found", "cant_delete_message", "channel_not_found", "not_in_channel"}
"""What deleting a message may be refused with when there is nothing left to delete."""


class Place(Protocol):
    """Where an answer goes."""

    async def post(self, message: SlackMessage, part: int) -> str:
        """Post one of the answer's messages, `part` counting from 0; return its ts, "" where it has none."""
        ...

    async def read_posted(self) -> dict[int, str]:
        """Return the ts of the parts that stand there already, as far as that can be seen."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InThread:
    """The question's thread. Each message carries in its metadata which question and which part it is."""

    client: AsyncWebClient
    inquiry: Inquiry

    async def post(self, message: SlackMessage, part: int) -> str:
        """Post a part for everyone in the thread."""
        return await self._post(message, ANSWER_EVENT, {"question": self.inquiry.ts, "part": part})

    async def post_notice(self, text: str, *, untaken: bool = False) -> str:
        """Post one of the bot's own sentences, which is no part of an answer; `untaken` is marked to be found again."""
        return await self._post(notice_message(text), NOTICE_EVENT, {"question": self.inquiry.ts, "untaken": untaken})

    async def post_plea(self, message: SlackMessage) -> str:
        """Post what calls a person: no part of an answer either."""
        return await self._post(message, NOTICE_EVENT, {"question": self.inquiry.ts, "untaken": False})

    async def read_posted(self) -> dict[int, str]:
        """Read the thread for parts that were posted though nobody heard so: a crash, a timeout, a lost reply."""
        found = await read_back(self.client, self.inquiry, ANSWER_EVENT)
        return {int(payload["part"]): ts for ts, payload in found}

    async def _post(self, message: SlackMessage, event: str, payload: dict[str, object]) -> str:
        with talking_to_slack():
            posted = await self.client.chat_postMessage(
                channel=self.inquiry.channel,
                thread_ts=self.inquiry.thread_ts,
                text=message.text,
                blocks=message.blocks,
                metadata={"event_type": event, "event_payload": payload},
                unfurl_links=False,
                unfurl_media=False,
            )
        return str(posted["ts"])

    async def show_status(self, text: str) -> None:
        """Show below the question what is going on; where Slack has no status there, nothing is lost."""
        try:
            with talking_to_slack():
                async with asyncio.timeout(STATUS_TIMEOUT_S):
                    await self.client.assistant_threads_setStatus(
                        channel_id=self.inquiry.channel, thread_ts=self.inquiry.thread_ts, status=text
                    )
        except (SlackApiError, SlackTroubleError) as error:
            logger.debug("No status in %s: %s", self.inquiry.channel, error)

    async def take_back(self, ts: str) -> None:
        """Delete a notice that has served; one that is gone already is no failure."""
        try:
            with talking_to_slack():
                await self.client.chat_delete(channel=self.inquiry.channel, ts=ts)
        except SlackApiError as error:
            if error_code(error) not in GONE:
                raise

    async def whisper(self, text: str) -> None:
        """Tell the asker alone."""
        message = notice_message(text)
        with talking_to_slack():
            await self.client.chat_postEphemeral(
                channel=self.inquiry.channel,
                user=self.inquiry.user,
                thread_ts=self.inquiry.thread_ts if self.inquiry.in_running_thread else None,
                text=message.text,
                blocks=message.blocks,
            )


@dataclass(frozen=True, slots=True)
class Privately:
    """The asker alone, over a command's response_url: 30 minutes, five messages."""

    reply_url: str

    async def post(self, message: SlackMessage, part: int) -> str:
        """Show a part to the asker."""
        del part  # Slack keeps no metadata of what only one person sees
        with talking_to_slack():
            webhook = AsyncWebhookClient(self.reply_url, timeout=WEBHOOK_TIMEOUT_S)
            sent = await webhook.send(text=message.text, blocks=message.blocks, response_type="ephemeral")
        if sent.status_code != OK:
            message_ = f"response_url answered {sent.status_code}"
            raise SlackTroubleError(message_)
        return ""

    async def read_posted(self) -> dict[int, str]:
        """Return nothing: what one person was shown can't be read."""
        return {}


async def post_question(client: AsyncWebClient, inquiry: Inquiry) -> str:
    """Post a slash command's question in its channel, in the asker's name; return its ts."""
    message = question_message(inquiry.user, inquiry.text)
    payload = {"user": inquiry.user, "question": inquiry.text, "key": inquiry.ts}
    with talking_to_slack():
        posted = await client.chat_postMessage(
            channel=inquiry.channel,
            text=message.text,
            blocks=message.blocks,
            metadata={"event_type": QUESTION_EVENT, "event_payload": payload},
            unfurl_links=False,
        )
    return str(posted["ts"])


async def tell_privately(respond: AsyncRespond, text: str) -> None:
    """Tell the person who used the command, and nobody else."""
    message = notice_message(text)
    await respond(text=message.text, blocks=message.blocks, response_type="ephemeral")
