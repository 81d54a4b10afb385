"""This file is where each kind of Slack event is taken up: on_mention, on_message, on_command.

Taking up means to accept on disk; Slack gets its ack after that, and the answer is the workers' business.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.domain import Inquiry, Quiet
from bot.ledger import LedgerError, delete_question, has_joined, is_known, reword, unmute
from bot.listeners.parsing import deleted_ts, edited_message, read_mention, read_message
from bot.posting.destinations import InThread
from bot.slack.errors import SlackTroubleError
from bot.text.intent import small_talk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt.context.async_context import AsyncBoltContext
    from slack_bolt.request.async_request import AsyncBoltRequest
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import Policy
    from bot.jobs.worker import Workers
    from bot.ledger import Ledger
    from bot.listeners.actions.mute import MuteActions
    from bot.slack.users import People

logger = logging.getLogger(__name__)


LATE_S = 3_600.0
"""A message that becomes a question by an edit so long after it was written is none that somebody waits for."""
REMEMBERED = 1_000
"""Askers who were told that their question could not be noted: a mention comes twice, and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageListeners:
    """What takes messages. `bot_user` is the bot's own user id."""

    ledger: Ledger
    workers: Workers
    bot_user: str
    people: People
    mute_actions: MuteActions
    support_channels: Mapping[str, Policy]
    told: dict[tuple[str, str, str], asyncio.Event] = field(default_factory=dict)
    """Set when it has been said."""

    async def on_mention(
        self, event: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, request: AsyncBoltRequest
    ) -> None:
        """Take up a mention."""
        read = read_mention(event, bot_user=self.bot_user)
        if isinstance(read, Quiet):
            _note_quiet(read, event)
            return
        await self._take_up(read, client, context, request)

    async def on_message(
        self, event: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, request: AsyncBoltRequest
    ) -> None:
        """Take up a DM, a mention whose other event comes later, a question in a support channel, a deletion."""
        if ts := deleted_ts(event):
            if entry := await delete_question(self.ledger, (context.team_id or "", event["channel"], ts)):
                self.workers.take_back(entry)
            return
        edited = edited_message(event)
        read = read_message(edited or event, bot_user=self.bot_user, support_channels=self.support_channels)
        if isinstance(read, Quiet):
            _note_quiet(read, edited or event)
            return
        if edited and await self._take_up_anew(read, context):
            return
        await self._take_up(read, client, context, request)

    async def on_stopped(self, event: dict[str, Any], context: AsyncBoltContext) -> None:
        """End what is being answered in a thread: someone has pressed the stop button there."""
        thread = context.team_id or "", event["channel"], event.get("thread_ts") or ""
        stopped = await self.ledger.stop(thread, user=event.get("user") or "-")
        logger.info("Stopped %d answers in %s %s", len(stopped), *thread[1:])
        self.workers.stop(stopped)

    async def _take_up_anew(self, read: Inquiry, context: AsyncBoltContext) -> bool:
        """Answer an edited question again; tell whether there is no more to do.

        One that is not known may only now have become a question, unless it is of long ago.
        """
        inquiry = replace(read, team=context.team_id or read.team)
        if entry := await reword(self.ledger, inquiry):
            logger.info("%s %s was edited", inquiry.channel, inquiry.ts)
            self.workers.take_anew(entry)
            return True
        return time.time() - float(inquiry.ts) > LATE_S or await is_known(self.ledger.database, inquiry.key)

    async def _take_up(
        self, read: Inquiry, client: AsyncWebClient, context: AsyncBoltContext, request: AsyncBoltRequest
    ) -> None:
        inquiry = replace(read, team=context.team_id or read.team)
        if inquiry.way == "follow-up" and not await has_joined(self.ledger.database, inquiry.thread):
            logger.debug("Quiet in %s %s: not a thread of ours, or muted", inquiry.channel, inquiry.ts)
            return
        is_mention_in_thread = inquiry.way == "mention" and inquiry.in_running_thread
        if is_mention_in_thread and (told := small_talk(inquiry.text)) in {"mute", "unmute"}:
            await self.mute_actions.mute(inquiry, client, mute_it=told == "mute")
            return
        try:
            entry = await self.ledger.accept(inquiry)
        except LedgerError:
            await self._say_that_it_can_not_be_noted(inquiry, client)
            raise  # no ack: Slack delivers again, now, after a minute, after five
        if entry:
            self.workers.take(entry)
            if is_mention_in_thread:  # a new one: what Slack delivers again was said before a mute, perhaps
                await unmute(self.ledger.database, inquiry.thread)
        said, deliveries = self.told.get(inquiry.key), request.headers.get("x-slack-retry-num", ["0"])
        if said or deliveries != ["0"]:  # this replica has said that it can't be noted, or another may have
            self.workers.tidy(inquiry, after=said)

    async def _say_that_it_can_not_be_noted(self, inquiry: Inquiry, client: AsyncWebClient) -> None:
        if inquiry.key in self.told:
            return
        if len(self.told) >= REMEMBERED:
            self.told.clear()
        self.told[inquiry.key] = said = asyncio.Event()
        try:
            words = await self.people.words(inquiry.user)
            await InThread(client=client, inquiry=inquiry).post_notice(words.can_not_note, "untaken")
            if await is_known(self.ledger.database, inquiry.key):  # another replica has taken it meanwhile
                self.workers.tidy(inquiry, after=None)
        except LedgerError as error:
            logger.info("It can't be seen whether %s %s was taken: %s", inquiry.channel, inquiry.ts, error)
        except (SlackApiError, SlackTroubleError) as error:
            logger.warning("The asker can't be told either: %s", error)
        finally:
            said.set()


def _note_quiet(read: Quiet, event: dict[str, Any]) -> None:
    logger.debug("Quiet in %s %s: %s", event.get("channel"), event.get("ts"), read.reason)
