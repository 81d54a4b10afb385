"""This file is where messages get into Slack: an answer into its thread, or to the asker alone, and each only once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.domain import SlackMessage
from bot.posting.own_messages import ANSWER_EVENT, NOTICE_EVENT, read_back, read_notices, read_unmarked
from bot.rendering.blocks import growing_message, notice_message, without_markdown
from bot.slack.errors import (
    SERVER_ERROR,
    TOO_MANY_REQUESTS,
    SlackTroubleError,
    TooManyCallsError,
    UnreachableAskerError,
    error_code,
    retry_after_s,
    talking_to_slack,
)

if TYPE_CHECKING:
    from slack_bolt.context.respond.async_respond import AsyncRespond
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import Block, Inquiry
    from bot.posting.own_messages import Notice


OK = 200
WEBHOOK_TIMEOUT_S = 10
GONE = {"message_not_found", "cant_delete_message", "channel_not_found", "not_in_channel"}
"""What deleting a message may be refused with when there is nothing left to delete."""


class Place(Protocol):
    """Where an answer goes."""

    async def post(self, message: SlackMessage, part: int) -> str:
        """Post one of the answer's messages, `part` counting from 0; return its ts, "" where it has none."""
        ...

    async def rewrite(self, ts: str, message: SlackMessage, part: int) -> str:
        """Put one of the answer's messages in place of one that stands there; return its ts."""
        ...

    async def take_back(self, ts: str) -> None:
        """Delete a message; one that is gone already is no failure."""
        ...

    async def read_posted(self) -> dict[int, str]:
        """Return the ts of the parts that stand there already, as far as that can be seen."""
        ...

    async def read_before(self) -> list[str]:
        """Return the ts of what was answered before the question was taken up anew, as far as that can be seen."""
        ...

    async def read_unmarked(self, bot_user: str) -> list[str]:
        """Return the ts of the bot's messages after the question that do not say what they are: streams cut short."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InThread:
    """The question's thread. Each message carries in its metadata which question and which part it is.

    `revision` counts how often the question was answered before.
    """

    client: AsyncWebClient
    inquiry: Inquiry
    revision: int = 0

    async def post(self, message: SlackMessage, part: int) -> str:
        """Post a part for everyone in the thread."""
        return await self._post(message, ANSWER_EVENT, self._payload(part))

    async def rewrite(self, ts: str, message: SlackMessage, part: int) -> str:
        """Put a part in place of a message, which may be an open stream; post it where that is gone."""
        try:
            return await self._update(ts, message, self._payload(part))
        except SlackApiError as error:
            if error_code(error) == "message_not_found":
                return await self.post(message, part)
            if error_code(error) != "streaming_state_conflict":
                raise
        await self._close_stream(ts)
        return await self._update(ts, message, self._payload(part))

    async def start_stream(self, text: str) -> str:
        """Begin a streamed message; return its ts."""
        started = await self.client.chat_startStream(
            channel=self.inquiry.channel,
            thread_ts=self.inquiry.thread_ts,
            markdown_text=text,
            recipient_user_id=self.inquiry.user,
            recipient_team_id=self.inquiry.team,
        )
        return str(started["ts"])

    async def append_stream(self, ts: str, text: str) -> None:
        """Add to it."""
        await self.client.chat_appendStream(channel=self.inquiry.channel, ts=ts, markdown_text=text)

    async def stop_stream(self, ts: str, text: str, *, blocks: list[Block]) -> None:
        """Add the last words, and the blocks below; from now on it is the answer's first part."""
        with talking_to_slack():
            await self.client.chat_stopStream(
                channel=self.inquiry.channel,
                ts=ts,
                markdown_text=text or None,
                blocks=blocks,
                metadata={"event_type": ANSWER_EVENT, "event_payload": self._payload(0)},
                session_status="active",
            )

    async def post_growing(self, text: str) -> str:
        """Post the first words of an answer; return the message's ts."""
        return await self._post(growing_message(text), ANSWER_EVENT, {**self._payload(0), "growing": True})

    async def update_growing(self, ts: str, text: str) -> None:
        """Show more of it."""
        await self._update(ts, growing_message(text), {**self._payload(0), "growing": True})

    async def read_unmarked(self, bot_user: str) -> list[str]:
        """Read the thread for streams that a crash has cut short, and for answers that stopped growing."""
        return await read_unmarked(self.client, self.inquiry, bot_user=bot_user)

    async def post_notice(self, text: str, notice: Notice = "wait") -> str:
        """Post one of the bot's own sentences, which is no part of an answer; it is marked to be found again."""
        return await self._post(notice_message(text), NOTICE_EVENT, self._notice(notice))

    async def post_plea(self, message: SlackMessage) -> str:
        """Post what calls a person: no part of an answer either."""
        return await self._post(message, NOTICE_EVENT, self._notice("plea"))

    async def read_plea(self) -> str:
        """Return the ts of what called a person, "" where nothing did."""
        return next(iter(await read_notices(self.client, self.inquiry, "plea")), "")

    async def read_posted(self) -> dict[int, str]:
        """Read the thread for parts that were posted though nobody heard so: a crash, a timeout, a lost reply."""
        found = await read_back(self.client, self.inquiry, ANSWER_EVENT)
        return {
            int(payload["part"]): ts
            for ts, payload in found
            if payload.get("revision", 0) == self.revision and not payload.get("growing")
        }

    async def read_before(self) -> list[str]:
        """Read the thread for parts of earlier answers, posted though nobody heard so."""
        found = await read_back(self.client, self.inquiry, ANSWER_EVENT)
        return [ts for ts, payload in found if payload.get("revision", 0) < self.revision]

    async def change(self, ts: str, message: SlackMessage, part: int) -> None:
        """Show a part that stands there in another way; raise SlackApiError where it is gone."""
        await self._update(ts, message, self._payload(part))

    def _payload(self, part: int) -> dict[str, object]:
        return {"question": self.inquiry.ts, "part": part, "revision": self.revision}

    def _notice(self, notice: Notice) -> dict[str, object]:
        return {"question": self.inquiry.ts, "notice": notice}

    async def _close_stream(self, ts: str) -> None:
        try:
            with talking_to_slack():
                await self.client.chat_stopStream(channel=self.inquiry.channel, ts=ts)
        except SlackApiError as error:
            if error_code(error) not in {*GONE, "message_not_in_streaming_state", "stopped_by_user"}:
                raise

    async def _update(self, ts: str, message: SlackMessage, payload: dict[str, object]) -> str:
        with talking_to_slack():
            await self.client.chat_update(
                channel=self.inquiry.channel,
                ts=ts,
                text=message.text,
                blocks=message.blocks,
                metadata={"event_type": ANSWER_EVENT, "event_payload": payload},
            )
        return ts

    async def _post(self, message: SlackMessage, event: str, payload: dict[str, object]) -> str:
        channel, thread_ts = self.inquiry.channel, self.inquiry.thread_ts
        return await post_message(self.client, channel, message, Metadata(event, payload), thread_ts=thread_ts)

    async def take_back(self, ts: str) -> None:
        """Delete a message of ours; one that is gone already is no failure."""
        try:
            await self._delete(ts)
        except SlackApiError as error:
            if error_code(error) not in GONE:
                raise
            if error_code(error) == "cant_delete_message":  # an open stream
                await self._close_stream(ts)
                await self._delete(ts)

    async def _delete(self, ts: str) -> None:
        with talking_to_slack():
            await self.client.chat_delete(channel=self.inquiry.channel, ts=ts)

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
    """The asker alone, over a command's response_url: 30 minutes, five messages.

    `refused_with` is Slack's word for why not everyone can be shown it, "" where the asker wants it so.
    """

    reply_url: str
    refused_with: str = ""

    async def post(self, message: SlackMessage, part: int) -> str:
        """Show a part to the asker."""
        del part  # Slack keeps no metadata of what only one person sees
        with talking_to_slack():
            webhook = AsyncWebhookClient(self.reply_url, timeout=WEBHOOK_TIMEOUT_S)
            blocks = without_markdown(message.blocks)
            sent = await webhook.send(text=message.text, blocks=blocks, response_type="ephemeral")
        if sent.status_code == OK:
            return ""
        if sent.status_code == TOO_MANY_REQUESTS:
            raise TooManyCallsError(retry_after_s(sent.headers))
        told = f"response_url answered {sent.status_code}"
        raise SlackTroubleError(told) if sent.status_code >= SERVER_ERROR else UnreachableAskerError(told)

    async def rewrite(self, ts: str, message: SlackMessage, part: int) -> str:
        """Show a part anew: what one person was shown can't be changed."""
        del ts
        return await self.post(message, part)

    async def take_back(self, ts: str) -> None:
        """Leave it: what one person was shown can't be deleted."""

    async def read_posted(self) -> dict[int, str]:
        """Return nothing: what one person was shown can't be read."""
        return {}

    async def read_before(self) -> list[str]:
        """Return nothing."""
        return []

    async def read_unmarked(self, bot_user: str) -> list[str]:
        """Return nothing either."""
        del bot_user
        return []


async def post_plea_elsewhere(client: AsyncWebClient, channel: str, message: SlackMessage) -> str:
    """Post what calls a person into a channel where the question was not asked; return its ts."""
    return await post_message(client, channel, message, _elsewhere())


async def tell_privately(respond: AsyncRespond, text: str) -> None:
    """Tell the person who used the command, and nobody else."""
    message = notice_message(text)
    await respond(text=message.text, blocks=without_markdown(message.blocks), response_type="ephemeral")


async def tell_directly(client: AsyncWebClient, user: str, text: str) -> None:
    """Write to someone, in their direct messages with the bot."""
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    await post_message(client, user, SlackMessage(text=text, blocks=[section]), _elsewhere())


def _elsewhere() -> Metadata:
    """Mark a message that stands in another place than the question that it is about."""
    return Metadata(NOTICE_EVENT, {"question": "", "notice": "elsewhere"})


async def post_message(
    client: AsyncWebClient, channel: str, message: SlackMessage, metadata: Metadata, *, thread_ts: str | None = None
) -> str:
    """Post a message; return its ts."""
    with talking_to_slack():
        posted = await client.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts,
            text=message.text,
            blocks=message.blocks,
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
        )
    return str(posted["ts"])
