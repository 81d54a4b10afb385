"""Missed messages: the places where the bot is asked are read back to a time, and what asks there is taken late."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.background import backoff, jitter
from bot.domain import Ignored, SlackQuestion
from bot.posting.own_messages import ANSWER_EVENT
from bot.reading.authors import author_of
from bot.slack.errors import REFUSALS, RateLimitedError, SlackRefusedError, SlackUnavailableError, slack_call
from bot.slack.replies import field_of
from bot.text.intent import small_talk
from bot.text.mrkdwn import MENTION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from slack_sdk.web.async_client import AsyncWebClient
    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.listeners.messages import MessageListeners

    Message = dict[str, Any]
    Call = Callable[[str | None], Awaitable[AsyncSlackResponse]]

logger = logging.getLogger(__name__)

PAGE_SIZE, MOST_PAGES = 200, 5
MOST_CALLS = 600
TRIES = 5
GIVEN_UP = 1_800.0
"""Seconds after which the rest is left, however slowly Slack lets it be read: nobody waits for so late an answer."""
NO_PLACE = {*REFUSALS, "thread_not_found", "message_not_found", "method_not_supported_for_channel_type"}
"""With what Slack refuses a place that is not to be read; with another word it refuses the bot."""
ROOM_LOOKED_FOR_S = 0.2


class OutOfReachError(Exception):
    """Slack can't be read now, or the outage is another replica's: to be gone on with later."""


@dataclass(slots=True)
class Missed:
    """What came of it: questions taken, questions that people had answered, places not read to their beginning."""

    taken: int = 0
    answered: int = 0
    left: int = 0

    def __str__(self) -> str:
        """Say so."""
        return f"{self.taken} questions taken late, {self.answered} answered by people, {self.left} places left"


@dataclass(slots=True, kw_only=True)
class MissedMessages:
    """Reads what was said after `oldest`; all that came until `since` was seen, more or less. Both by Slack's clock."""

    client: AsyncWebClient
    ledger: Ledger
    worker: Worker
    messages: MessageListeners
    since: float
    oldest: float
    give_up_at: float
    calls: int = 0
    missed: Missed = field(default_factory=Missed)

    @property
    def team(self) -> str:
        """The workspace."""
        return self.messages.parser.bot.team

    async def take_all(self) -> Missed:
        """Take what asks, the places that are asked most first; raise OutOfReachError where Slack stays away."""
        support, asked_in = self.messages.parser.support_channels, await self.ledger.threads.busiest_channels(self.team)
        channels = dict.fromkeys([*support, *asked_in])
        for channel in channels:
            await self._read_channel(channel)
        for thread in await self.ledger.threads.latest(self.team):
            if float(thread.thread_ts) < self.oldest:  # else it stood in its channel
                await self._read_thread(thread.channel, thread.thread_ts)
        for channel in await self._direct_messages():
            if channel not in channels:
                await self._read_channel(channel)
        return self.missed

    async def _direct_messages(self) -> list[str]:
        """Return all direct messages with the bot, where it may list them."""
        listed = await self._pages(
            lambda cursor: self.client.users_conversations(types="im", limit=PAGE_SIZE, cursor=cursor), "channels"
        )
        return [one["id"] for one in listed if isinstance(one.get("id"), str)]

    async def _read_channel(self, channel: str) -> None:
        """Take what was asked at the top of a channel, and in the threads that have begun there or came up again."""
        found = await self._pages(
            lambda cursor: self.client.conversations_history(
                channel=channel,
                oldest=f"{self.oldest:.6f}",
                limit=PAGE_SIZE,
                cursor=cursor,
                include_all_metadata=True,
            )
        )
        for message in _in_order(found):
            root = str(message.get("thread_ts") or message["ts"])
            if message.get("reply_count") or root != message["ts"]:  # the latter was sent to the channel as well
                await self._read_thread(channel, root, first=message if root == message["ts"] else None)
            else:
                await self._take(channel, message, [])

    async def _read_thread(self, channel: str, root: str, *, first: Message | None = None) -> None:
        """Take what was asked in a thread, and what began it where that is missed too."""
        replies = await self._pages(
            lambda cursor: self.client.conversations_replies(
                channel=channel,
                ts=root,
                oldest=f"{self.oldest:.6f}",
                limit=PAGE_SIZE,
                cursor=cursor,
                include_all_metadata=True,
            )
        )
        later = [one for one in _in_order(replies) if one["ts"] != root and float(one["ts"]) >= self.oldest]
        for message in ([first] if first else []) + later:
            await self._take(channel, message, later)

    async def _take(self, channel: str, message: Message, replies: Sequence[Message]) -> None:
        """Accept what a message asks; one that can't be read is left, and the others are read all the same."""
        try:
            await self._take_question(channel, message, replies)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            logger.warning("A message of %s can't be read: %s", channel, type(error).__name__)
            self.missed.left += 1

    async def _take_question(self, channel: str, message: Message, replies: Sequence[Message]) -> None:
        """Accept a question that stands nowhere in the ledger and that nobody has answered."""
        edited = message.get("edited") or {}
        event = {key: value for key, value in message.items() if key != "edited"}
        event |= {"channel": channel, "channel_type": "im" if channel.startswith("D") else "channel"}
        read = await self.messages.read({**event, "edited_ts": edited.get("ts")})
        if isinstance(read, Ignored) or self._was_handled(read):
            return
        question = replace(read, team=self.team, is_late=True)
        if await self.ledger.questions.exists(question.ref):
            return
        if await self._is_answered(question, replies):
            self.missed.answered += 1
        elif await self._has_room() and await self.messages.take(question, self.client):
            self.missed.taken += 1
            logger.info("Took %s %s late", question.channel, question.ts)

    def _was_handled(self, question: SlackQuestion) -> bool:
        """Tell what has left nothing in the ledger though it came in time: that somebody muted or unmuted a thread."""
        return float(question.ts) <= self.since and small_talk(question.text) in {"mute", "unmute"}

    async def _has_room(self) -> bool:
        while not self.worker.has_room:
            if self.worker.stopping:
                message = "the bot is told to stop"
                raise OutOfReachError(message)
            await asyncio.sleep(ROOM_LOOKED_FOR_S)
        return True

    async def _is_answered(self, question: SlackQuestion, replies: Iterable[Message]) -> bool:
        """Tell whether the bot has answered it, or a person other than the asker has written below it to people."""
        for reply in replies:
            if float(reply["ts"]) <= float(question.ts):
                continue
            author = author_of(reply, self.messages.parser.bot)
            if author == "the bot" and _answers(reply, question):
                return True
            is_person = author == "a person" or (author == "perhaps a person" and await self._is_person(reply))
            if is_person and reply.get("user") != question.user and not self._asks_the_bot(reply):
                return True
        return False

    async def _is_person(self, reply: Message) -> bool:
        return await self.messages.users.is_person(str(reply.get("user")))

    def _asks_the_bot(self, reply: Message) -> bool:
        return self.messages.parser.bot.user in MENTION.findall(str(reply.get("text") or ""))

    async def _pages(self, call: Call, name: str = "messages") -> list[Message]:
        """Return the objects under a name in all pages; of a place that is not to be read, none."""
        found: list[Message] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            if self.calls >= MOST_CALLS or time.time() > self.give_up_at:
                break
            try:
                page, cursor = await self._page(call, cursor, name)
            except SlackRefusedError as error:
                if error.code not in NO_PLACE:
                    raise OutOfReachError(str(error)) from error
                logger.info("A place can't be caught up on: %s", error)
                return found
            found += (one for one in page if isinstance(one, dict))
            if not cursor:
                return found
        self.missed.left += 1
        return found

    async def _page(self, call: Call, cursor: str | None, name: str) -> tuple[list[Any], str | None]:
        """Return a page and where the next one begins, as often as Slack wants it to wait."""
        failures = 0
        while True:
            if not await self.ledger.outages.renew(self.team):
                message = "another replica goes on with it"
                raise OutOfReachError(message)
            self.calls += 1
            try:
                with slack_call():
                    page = await call(cursor)
                    more = page.get("response_metadata")
                    return field_of(page, name, list), (more.get("next_cursor") if isinstance(more, dict) else None)
            except RateLimitedError as error:
                await asyncio.sleep(jitter(error.retry_after_s))
            except SlackUnavailableError as error:
                failures += 1
                if failures == TRIES:
                    raise OutOfReachError(str(error)) from error
                await asyncio.sleep(backoff(failures))


def _answers(message: Message, question: SlackQuestion) -> bool:
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != ANSWER_EVENT:
        return False
    payload = metadata.get("event_payload")
    return isinstance(payload, dict) and payload.get("question") == question.ts


def _in_order(messages: Iterable[Message]) -> list[Message]:
    """Return messages by their time; what has none is no message."""
    return sorted((one for one in messages if _time_of(one) > 0), key=_time_of)


def _time_of(message: Message) -> float:
    try:
        return float(str(message.get("ts")))
    except ValueError:
        return 0.0
