"""Catching up: what was asked while no replica was connected is read in Slack, and taken late.

Slack delivers an event three times more, within some six minutes, and then never again. So whoever starts, or comes
back after the sockets were away, reads the places where the bot is asked, back to the last event that anyone has seen:
support channels, direct messages, channels and threads where it was asked before. There is no search for mentions.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.background import backoff, jitter
from bot.domain import Ignored, SlackQuestion, ThreadRef
from bot.ledger import LedgerError
from bot.reading.authors import author_of
from bot.slack.errors import RateLimitedError, SlackError, SlackRefusedError, SlackUnavailableError, slack_call
from bot.slack.replies import field_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from slack_sdk.web.async_client import AsyncWebClient
    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.listeners.messages import MessageListeners
    from bot.slack.sockets import SocketState

    Message = dict[str, Any]

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
AWAY_S = 60.0
"""Sockets that were away for less have missed nothing: Slack delivers again."""
MARGIN_S = 60.0
"""Events do not come strictly in their order."""
PAGE_SIZE, MOST_PAGES = 200, 5
TRIES = 5
HOUR_S = 3_600.0


class OutOfReachError(Exception):
    """Slack can't be read now, or the outage is another replica's: to be gone on with later."""


@dataclass(slots=True, kw_only=True)
class CatchUp:
    """Reads what was missed, for a workspace, up to so many `hours` back; 0 for never.

    `client` repeats nothing by itself.
    """

    client: AsyncWebClient
    ledger: Ledger
    worker: Worker
    messages: MessageListeners
    sockets: SocketState
    hours: float
    counts: Counter[str] = field(default_factory=Counter)

    async def note_outage(self) -> None:
        """Note that nobody may have been connected; called before this replica connects."""
        try:
            if self.hours:
                await self.ledger.outages.note(self.team)
        except LedgerError as error:
            logger.warning("It can't be seen how long nobody was connected to Slack: %s", error)

    async def run(self) -> None:
        """Say every few seconds that this replica is connected, and catch up whenever nobody was; for ever."""
        last_up = time.monotonic()
        while True:
            try:
                if self.sockets.is_up:
                    if time.monotonic() - last_up > AWAY_S:
                        await self.note_outage()
                    await self.look()
                    last_up = time.monotonic()
            except LedgerError as error:
                logger.warning("It can't be seen what was missed: %s", error)
            await asyncio.sleep(jitter(LOOK_EVERY_S) if self.sockets.is_up else 0.5)

    async def look(self) -> None:
        """Say that this replica is connected, and catch up if there was an outage that is nobody else's."""
        await self.ledger.outages.record_connected(self.team, last_event_ts=self.messages.last_event.ts)
        since = await self.ledger.outages.claim(self.team) if self.hours else None
        if since is None:
            return
        try:
            await self._catch_up(since)
        except OutOfReachError as error:
            logger.warning("What was missed can't be read to its end now: %s", error)

    @property
    def team(self) -> str:
        """The workspace."""
        return self.messages.parser.bot.team

    async def _catch_up(self, since: float) -> None:
        self.counts.clear()
        oldest = max(since - MARGIN_S, time.time() - self.hours * HOUR_S)
        if oldest > since:
            logger.warning("What was asked more than %g hours ago stays unanswered (CATCH_UP_HOURS).", self.hours)
        support, asked_in = self.messages.parser.support_channels, await self.ledger.threads.busiest_channels(self.team)
        for channel in dict.fromkeys([*support, *asked_in, *await self._direct_messages()]):
            await self._read_channel(channel, oldest)
        for thread in await self.ledger.threads.latest(self.team):
            await self._read_thread(thread, oldest)
        await self.ledger.outages.end(self.team)
        logger.info(
            "Caught up on %.0f minutes: %d questions taken late, %d answered by people, %d places not read to the end.",
            (time.time() - since) / 60,
            self.counts["taken"],
            self.counts["answered"],
            self.counts["left"],
        )

    async def _direct_messages(self) -> list[str]:
        """Return all direct messages with the bot, where it may list them."""
        listed = await self._pages(
            lambda cursor: self.client.users_conversations(types="im", limit=PAGE_SIZE, cursor=cursor), "channels"
        )
        return [str(one["id"]) for one in listed]

    async def _read_channel(self, channel: str, oldest: float) -> None:
        """Take what was asked at the top of a channel, and in threads that have begun there since."""
        found = await self._pages(
            lambda cursor: self.client.conversations_history(
                channel=channel, oldest=f"{oldest:.6f}", limit=PAGE_SIZE, cursor=cursor
            )
        )
        for message in _in_order(found):
            replies = await self._replies(channel, message["ts"]) if message.get("reply_count") else []
            for one in (message, *(reply for reply in _in_order(replies) if reply["ts"] != message["ts"])):
                await self._take(channel, one, replies)

    async def _read_thread(self, thread: ThreadRef, oldest: float) -> None:
        """Take what was asked in a thread that is older than the outage."""
        if float(thread.thread_ts) >= oldest:
            return
        replies = await self._replies(thread.channel, thread.thread_ts, oldest=oldest)
        for reply in _in_order(replies):
            if float(reply["ts"]) >= oldest:
                await self._take(thread.channel, reply, replies)

    async def _take(self, channel: str, message: Message, replies: Iterable[Message]) -> None:
        """Accept what a message asks, if it asks something and nobody has answered it."""
        kind = "im" if channel.startswith("D") else "channel"
        edited = message.get("edited") or {}
        event = {key: value for key, value in message.items() if key != "edited"}
        event |= {"channel": channel, "channel_type": kind, "edited_ts": edited.get("ts")}
        read = await self.messages.read(event)
        if isinstance(read, Ignored):
            return
        question = replace(read, team=self.team, is_late=True)
        if await self.ledger.questions.exists(question.ref):
            return
        if question.origin == "follow-up" and not await self.ledger.threads.has_joined(question.thread):
            return
        if self._is_answered(question, replies):
            self.counts["answered"] += 1
            return
        await self._accept(question)

    async def _accept(self, question: SlackQuestion) -> None:
        while not self.worker.has_room:
            if self.worker.stopping:
                message = "the bot is told to stop"
                raise OutOfReachError(message)
            await asyncio.sleep(0.2)
        if entry := await self.ledger.questions.accept(question):
            self.counts["taken"] += 1
            logger.info("Took %s %s late", question.channel, question.ts)
            self.worker.submit(entry)

    def _is_answered(self, question: SlackQuestion, replies: Iterable[Message]) -> bool:
        """Tell whether the bot or a person other than the asker has written in the thread after the question."""
        later = [reply for reply in replies if float(reply["ts"]) > float(question.ts)]
        authors = [(author_of(reply, self.messages.parser.bot), reply.get("user")) for reply in later]
        return any(author == "the bot" or (author == "a person" and user != question.user) for author, user in authors)

    async def _replies(self, channel: str, ts: str, *, oldest: float = 0.0) -> list[Message]:
        return await self._pages(
            lambda cursor: self.client.conversations_replies(
                channel=channel, ts=ts, oldest=f"{oldest:.6f}", limit=PAGE_SIZE, cursor=cursor
            )
        )

    async def _pages(
        self, call: Callable[[str | None], Awaitable[AsyncSlackResponse]], name: str = "messages"
    ) -> list[Message]:
        """Return what stands under a name in all pages; of a place that Slack does not show, nothing."""
        found: list[Message] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            if not await self.ledger.outages.renew(self.team):
                message = "another replica goes on with it"
                raise OutOfReachError(message)
            try:
                page = await _patiently(call, cursor)
            except SlackRefusedError as error:
                logger.info("A place can't be caught up on: %s", error)
                return found
            found += field_of(page, name, list)
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return found
        logger.warning("More than %d messages in one place: the older ones are left.", PAGE_SIZE * MOST_PAGES)
        self.counts["left"] += 1
        return found


async def _patiently(
    call: Callable[[str | None], Awaitable[AsyncSlackResponse]], cursor: str | None
) -> AsyncSlackResponse:
    """Make a call, as often as Slack wants it to wait; raise OutOfReachError where Slack stays away."""
    failures = 0
    while True:
        try:
            with slack_call():
                return await call(cursor)
        except RateLimitedError as error:
            await asyncio.sleep(jitter(error.retry_after_s))
        except SlackUnavailableError as error:
            failures += 1
            if failures == TRIES:
                raise OutOfReachError(str(error)) from error
            await asyncio.sleep(backoff(failures))
        except SlackError:
            raise


def _in_order(messages: Iterable[Message]) -> list[Message]:
    return sorted((one for one in messages if isinstance(one.get("ts"), str)), key=lambda one: float(one["ts"]))
