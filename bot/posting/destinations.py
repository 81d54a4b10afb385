"""Destinations: where an answer goes; in its thread each of its messages stands once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from slack_sdk.models.metadata import Metadata

from bot.posting.own_messages import (
    ANSWER_EVENT,
    NOTICE_EVENT,
    find_own_messages,
    post_ephemeral,
    post_message,
    read_notices,
    read_unfinished,
)
from bot.rendering.blocks import growing_message, notice_message
from bot.slack.errors import SlackRefusedError, slack_call
from bot.slack.replies import field_of

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import Block, BotIdentity, SlackMessage, SlackQuestion
    from bot.posting.own_messages import NoticeKind

logger = logging.getLogger(__name__)

SESSION_OVER = "active"
"""What an agent's session is called that processes nothing."""
GONE = {"message_not_found", "cant_delete_message", "channel_not_found", "not_in_channel"}
"""What deleting a message may be refused with when there is nothing left to delete."""
NOT_STREAMING = {*GONE, "message_not_in_streaming_state", "stopped_by_user"}
"""What the end of a stream may be refused with when there is none any more."""


class Destination(Protocol):
    """Where an answer goes."""

    async def post(self, message: SlackMessage, part: int) -> str:
        """Post one of the answer's messages, `part` counting from 0; return its ts, "" where it has none."""
        ...

    async def rewrite(self, ts: str, message: SlackMessage, part: int) -> str:
        """Put one of the answer's messages in place of one that stands there; return its ts."""
        ...

    async def retract(self, ts: str) -> None:
        """Delete a message; one that is gone already is no failure."""
        ...

    async def mark_replaced(self, ts: str, text: str) -> None:
        """Say in place of a message that can't be deleted that it holds no more."""
        ...

    async def read_posted(self, bot: BotIdentity) -> dict[int, str]:
        """Return the ts of the parts that stand there already, as far as that can be seen."""
        ...

    async def read_before(self, bot: BotIdentity) -> list[str]:
        """Return the ts of what was answered before the question was taken up anew, as far as that can be seen."""
        ...

    async def read_unfinished(self, bot: BotIdentity) -> list[str]:
        """Return the ts of the bot's messages after the question that do not say what they are: streams cut short."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadDestination:
    """The question's thread. Each message carries in its metadata which question and which part it is.

    `revision` counts how often the question was answered before.
    """

    client: AsyncWebClient
    question: SlackQuestion
    revision: int = 0

    async def post(self, message: SlackMessage, part: int) -> str:
        """Post a part for everyone in the thread."""
        return await self._post(message, ANSWER_EVENT, self._payload(part))

    async def rewrite(self, ts: str, message: SlackMessage, part: int) -> str:
        """Put a part in place of a message, which may be an open stream; post it where that is gone."""
        try:
            return await self._update(ts, message, self._payload(part))
        except SlackRefusedError as error:
            if error.code == "message_not_found":
                return await self.post(message, part)
            if error.code != "streaming_state_conflict":
                raise
        await self._close_stream(ts)
        return await self._update(ts, message, self._payload(part))

    async def start_stream(self, text: str) -> str:
        """Begin a streamed message; return its ts."""
        with slack_call():
            started = await self.client.chat_startStream(
                channel=self.question.channel,
                thread_ts=self.question.thread_ts,
                markdown_text=text,
                recipient_user_id=self.question.user,
                recipient_team_id=self.question.user_team or self.question.team,
            )
            return field_of(started, "ts", str)

    async def append_stream(self, ts: str, text: str) -> None:
        """Add to it."""
        with slack_call():
            await self.client.chat_appendStream(channel=self.question.channel, ts=ts, markdown_text=text)

    async def stop_stream(self, ts: str, text: str, *, blocks: list[Block]) -> bool:
        """Add the last words, and the blocks below; from now on it is the answer's first part.

        Return whether Slack's reply tells that the session has ended with it.
        """
        with slack_call():
            stopped = await self.client.chat_stopStream(
                channel=self.question.channel,
                ts=ts,
                markdown_text=text or None,
                blocks=blocks,
                metadata={"event_type": ANSWER_EVENT, "event_payload": self._payload(0)},
                session_status=SESSION_OVER,
            )
            return bool(stopped.get("session_status") == SESSION_OVER)

    async def post_growing(self, text: str) -> str:
        """Post the first words of an answer; return the message's ts."""
        return await self._post(growing_message(text), ANSWER_EVENT, {**self._payload(0), "growing": True})

    async def update_growing(self, ts: str, text: str) -> None:
        """Show more of it."""
        await self._update(ts, growing_message(text), {**self._payload(0), "growing": True})

    async def post_notice(self, text: str, notice: NoticeKind = "wait") -> str:
        """Post one of the bot's own sentences, which is no part of an answer; it is marked to be found again."""
        return await self._post(notice_message(text), NOTICE_EVENT, self._notice(notice))

    async def post_escalation(self, message: SlackMessage) -> str:
        """Post what calls a person: no part of an answer either."""
        return await self._post(message, NOTICE_EVENT, self._notice("plea"))

    async def find_escalation(self, bot: BotIdentity) -> str:
        """Return the ts of what called a person, "" where nothing did."""
        return next(iter(await read_notices(self.client, self.question, "plea", bot=bot)), "")

    async def read_posted(self, bot: BotIdentity) -> dict[int, str]:
        """Read the thread for parts whose posting was not noted: a crash, a timeout, a lost reply."""
        found = await find_own_messages(self.client, self.question, ANSWER_EVENT, bot=bot)
        return {
            int(payload["part"]): ts
            for ts, payload in found
            if payload.get("revision", 0) == self.revision and not payload.get("growing")
        }

    async def read_before(self, bot: BotIdentity) -> list[str]:
        """Read the thread for parts of earlier answers whose posting was not noted."""
        found = await find_own_messages(self.client, self.question, ANSWER_EVENT, bot=bot)
        return [ts for ts, payload in found if payload.get("revision", 0) < self.revision]

    async def read_unfinished(self, bot: BotIdentity) -> list[str]:
        """Read the thread for streams that a crash has cut short, and for answers that stopped growing."""
        return await read_unfinished(self.client, self.question, bot=bot)

    async def change(self, ts: str, message: SlackMessage, part: int) -> None:
        """Show a part that stands there in another way; raise SlackRefusedError where it is gone."""
        await self._update(ts, message, self._payload(part))

    async def retract(self, ts: str) -> None:
        """Delete a message of ours; one that is gone already is no failure."""
        try:
            await self._delete(ts)
        except SlackRefusedError as error:
            if error.code not in GONE:
                raise
            if error.code == "cant_delete_message":  # an open stream
                await self._close_stream(ts)
                await self._delete(ts)

    async def mark_replaced(self, ts: str, text: str) -> None:
        """Say in place of a message that it holds no more; where Slack refuses that too, it stays as it is."""
        try:
            await self._update(ts, notice_message(text), self._notice("replaced"), event=NOTICE_EVENT)
        except SlackRefusedError as error:
            logger.warning("An earlier answer stays beside the new one: %s", error)

    async def post_ephemeral(self, text: str) -> None:
        """Tell the asker alone."""
        thread_ts = self.question.thread_ts if self.question.has_earlier_messages else None
        await post_ephemeral(
            self.client, self.question.channel, self.question.user, notice_message(text), thread_ts=thread_ts
        )

    def _payload(self, part: int) -> dict[str, object]:
        return {"question": self.question.ts, "part": part, "revision": self.revision}

    def _notice(self, notice: NoticeKind) -> dict[str, object]:
        return {"question": self.question.ts, "notice": notice}

    async def _close_stream(self, ts: str) -> None:
        try:
            with slack_call():
                await self.client.chat_stopStream(channel=self.question.channel, ts=ts)
        except SlackRefusedError as error:
            if error.code not in NOT_STREAMING:
                raise

    async def _update(
        self, ts: str, message: SlackMessage, payload: dict[str, object], *, event: str = ANSWER_EVENT
    ) -> str:
        with slack_call():
            await self.client.chat_update(
                channel=self.question.channel,
                ts=ts,
                text=message.text,
                blocks=message.blocks,
                metadata={"event_type": event, "event_payload": payload},
            )
        return ts

    async def _post(self, message: SlackMessage, event: str, payload: dict[str, object]) -> str:
        question = self.question
        return await post_message(
            self.client, question.channel, message, Metadata(event, payload), thread_ts=question.thread_ts
        )

    async def _delete(self, ts: str) -> None:
        with slack_call():
            await self.client.chat_delete(channel=self.question.channel, ts=ts)
