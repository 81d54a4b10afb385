"""Messages: mentions, direct messages, posts in support channels, follow-ups, edits and deletions.

A question is accepted on disk; Slack gets its ack after that, and the answer is the worker's business.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.domain import Ignored, MessageRef, SlackQuestion, ThreadRef
from bot.ledger import LedgerError
from bot.listeners.parsing import deleted_ts, edited_message
from bot.posting.destinations import ThreadDestination
from bot.reading.authors import author_of
from bot.slack.errors import SlackError
from bot.text.intent import small_talk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.context.async_context import AsyncBoltContext
    from slack_bolt.request.async_request import AsyncBoltRequest
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.listeners.actions.mute import MuteActions
    from bot.listeners.parsing import MessageParser
    from bot.slack.users import Users

logger = logging.getLogger(__name__)


LATE_S = 3_600.0
"""A message that becomes a question by an edit so long after it was written is none that somebody waits for."""
REMEMBERED = 1_000
"""Askers who were told that their question could not be noted: a mention comes twice, and again."""


@dataclass(slots=True)
class SlackClock:
    """Slack's clock, as its events tell it: until when all that came was seen; 0 before the first event."""

    ts: float = 0.0
    came_at: float = 0.0

    def begin(self, ts: float) -> None:
        """Begin at a time until which all events were seen, where none has come yet."""
        if not self.ts and ts:
            self.ts, self.came_at = ts, time.time()

    def saw(self, event: Mapping[str, Any]) -> None:
        """Take an event into account, once it needs no delivery more; one that comes late says nothing new."""
        try:
            ts = float(event.get("event_ts") or event.get("ts") or 0)
        except (TypeError, ValueError):
            return
        if ts > self.now():
            self.ts, self.came_at = ts, time.time()

    def now(self) -> float:
        """Return the time; 0 where it is not known."""
        return self.ts + (time.time() - self.came_at) if self.ts else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageListeners:
    """What takes messages."""

    ledger: Ledger
    worker: Worker
    parser: MessageParser
    users: Users
    mute: MuteActions
    notified: dict[MessageRef, asyncio.Event] = field(default_factory=dict)
    """Set when it has been said."""
    clock: SlackClock = field(default_factory=SlackClock)

    async def on_mention(
        self, event: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, request: AsyncBoltRequest
    ) -> None:
        """Accept a mention."""
        read = await self.read(event)
        if isinstance(read, Ignored):
            _log_ignored(read, event)
        else:
            await self._accept(read, client, context, request)
        self.clock.saw(event)

    async def on_message(
        self, event: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, request: AsyncBoltRequest
    ) -> None:
        """Accept a DM, a mention whose other event comes later, a question in a support channel, a deletion."""
        if ts := deleted_ts(event):
            if entry := await self.ledger.deletion.delete(MessageRef(context.team_id or "", event["channel"], ts)):
                self.worker.drop(entry)
        else:
            await self._on_words(event, client, context, request)
        self.clock.saw(event)

    async def _on_words(
        self, event: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, request: AsyncBoltRequest
    ) -> None:
        edited = edited_message(event)
        read = await self.read(edited or event)
        if isinstance(read, Ignored):
            _log_ignored(read, edited or event)
        elif not edited or not await self._accept_edit(read, context):
            await self._accept(read, client, context, request)

    async def read(self, event: Mapping[str, Any]) -> SlackQuestion | Ignored:
        """Read a message; who stands behind a post that an app made for a user, Slack is asked."""
        is_unclear = author_of(event, self.parser.bot) == "perhaps a person"
        is_by_person = is_unclear and await self.users.is_person(event["user"])
        return self.parser.parse(event, is_by_person=is_by_person)

    async def on_stopped(self, event: dict[str, Any], context: AsyncBoltContext) -> None:
        """End what is being answered in a thread: someone has pressed the stop button there."""
        thread = ThreadRef(context.team_id or "", event["channel"], event.get("thread_ts") or "")
        stopped = await self.ledger.questions.request_stop(thread, user=event.get("user") or "")
        logger.info("Stopped %d answers in %s %s", len(stopped), thread.channel, thread.thread_ts)
        self.worker.stop(stopped)

    async def _accept_edit(self, read: SlackQuestion, context: AsyncBoltContext) -> bool:
        """Answer an edited question again; tell whether there is no more to do.

        One that is not known may only now have become a question, unless it is of long ago.
        """
        question = replace(read, team=context.team_id or read.team)
        if entry := await self.ledger.revisions.reword(question):
            logger.info("%s %s was edited", question.channel, question.ts)
            self.worker.resubmit(entry)
            return True
        return time.time() - float(question.ts) > LATE_S or await self.ledger.questions.exists(question.ref)

    async def _accept(
        self, read: SlackQuestion, client: AsyncWebClient, context: AsyncBoltContext, request: AsyncBoltRequest
    ) -> None:
        question = replace(read, team=context.team_id or read.team)
        if not await self._is_asked(question, client):
            return
        try:
            await self._claim(question)
        except LedgerError:
            await self._say_that_it_can_not_be_accepted(question, client)
            raise  # no ack: Slack delivers again, now, after a minute, after five
        said, deliveries = self.notified.get(question.ref), request.headers.get("x-slack-retry-num", ["0"])
        if said or deliveries != ["0"]:  # this replica has said that it can't be noted, or another may have
            self.worker.cleanup.retract_unaccepted_notice(question, after=said)

    async def take(self, question: SlackQuestion, client: AsyncWebClient) -> bool:
        """Take a question that comes late, or do what it says with its thread; tell whether a question was taken."""
        return await self._is_asked(question, client) and await self._claim(question)

    async def _is_asked(self, question: SlackQuestion, client: AsyncWebClient) -> bool:
        """Tell whether an answer is wanted: not in threads of others, nor by who mutes the bot, which is done."""
        if question.origin == "follow-up" and not await self.ledger.threads.has_joined(question.thread):
            logger.debug("Ignored %s %s: not a thread of ours, or muted", question.channel, question.ts)
            return False
        wanted = small_talk(question.text) if question.is_mention_in_thread else None
        if wanted in {"mute", "unmute"}:
            await self.mute.change(question, client, mute_it=wanted == "mute")
            return False
        return True

    async def _claim(self, question: SlackQuestion) -> bool:
        """Claim a question, and have it worked on; False where it was claimed before."""
        entry = await self.ledger.questions.accept(question)
        if entry:
            self.worker.submit(entry)
            if question.is_mention_in_thread:  # a new one: what Slack delivers again was said before a mute, perhaps
                await self.ledger.threads.unmute(question.thread)
        return entry is not None

    async def _say_that_it_can_not_be_accepted(self, question: SlackQuestion, client: AsyncWebClient) -> None:
        if question.ref in self.notified:
            return
        if len(self.notified) >= REMEMBERED:
            self.notified.clear()
        self.notified[question.ref] = said = asyncio.Event()
        try:
            words = await self.users.words(question.user)
            await ThreadDestination(client=client, question=question).post_notice(words.can_not_note, "untaken")
            if await self.ledger.questions.exists(question.ref):  # another replica has taken it meanwhile
                self.worker.cleanup.retract_unaccepted_notice(question, after=None)
        except LedgerError as error:
            logger.info("It can't be seen whether %s %s was taken: %s", question.channel, question.ts, error)
        except SlackError as error:
            logger.warning("The asker can't be told either: %s", error)
        finally:
            said.set()


def _log_ignored(read: Ignored, event: dict[str, Any]) -> None:
    logger.debug("Ignored %s %s: %s", event.get("channel"), event.get("ts"), read.reason)
