"""This file is where messages of the bot are taken away that have served, or have lost their question."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.ledger import answered_before, call_for, note_messages
from bot.posting.destinations import InThread
from bot.posting.own_messages import ANSWER_EVENT, NOTICE_EVENT, has_replies, read_back, read_notices
from bot.posting.placing import place_of
from bot.posting.publishing import Delivery
from bot.posting.status import Progress
from bot.rendering.answer import without_again

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import Inquiry
    from bot.ledger import Entry, Ledger
    from bot.slack.rate_limits import Manners

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidier:
    """Takes away answers, notices, buttons and sessions; `bot_user` is the bot's own user id."""

    client: AsyncWebClient
    ledger: Ledger
    manners: Manners
    bot_user: str

    async def take_back_answer(self, entry: Entry) -> None:
        """Delete what was posted for a question that is gone, unless someone has replied to it."""
        inquiry = entry.inquiry
        place = place_of(self.client, entry)
        if await has_replies(self.client, inquiry, bot_user=self.bot_user):
            logger.info("The answer to the deleted %s %s stays: it was replied to", inquiry.channel, inquiry.ts)
            return
        standing = await Delivery(self.ledger, self.bot_user).standing(entry, place)
        said = await read_back(self.client, inquiry, ANSWER_EVENT, NOTICE_EVENT)  # a plea repeats the question
        for ts in dict.fromkeys([*entry.posted.values(), *standing, *(ts for ts, _ in said)]):
            if ts:
                await place.take_back(ts)
        call = await call_for(self.ledger.database, entry)
        if call and call.channel and call.posted_ts:
            await InThread(client=self.client, inquiry=replace(inquiry, channel=call.channel)).take_back(call.posted_ts)
        await self.end_session(entry)
        logger.info("Took back the answer to the deleted %s %s", inquiry.channel, inquiry.ts)

    async def take_back_strays(self, entry: Entry) -> None:
        """Delete what came to stand beside the answer that the ledger knows, once that is closed.

        `entry` is the question as it stands. What was under way to Slack when it became another process' may have
        arrived: a part of an answer, or the word that it takes longer.
        """
        known = {*entry.posted.values(), *entry.standing}
        for ts, payload in await read_back(self.client, entry.inquiry, ANSWER_EVENT, NOTICE_EVENT):
            if ts not in known and payload.get("notice", "wait") == "wait":
                logger.info("Took back what came late to %s %s", entry.inquiry.channel, entry.inquiry.ts)
                await place_of(self.client, entry).take_back(ts)

    async def take_again_buttons_away(self, entry: Entry) -> None:
        """Leave the buttons that ask for another answer to the thread's latest one."""
        before = await answered_before(self.ledger.database, entry)
        if before is None or not before.posted:
            return
        stripped = without_again(before.messages)
        if stripped != list(before.messages) and await note_messages(self.ledger.database, before, stripped):
            last = max(before.posted)
            await place_of(self.client, before).change(before.posted[last], stripped[last], last)

    async def take_back_untaken(self, inquiry: Inquiry) -> None:
        """Delete the word that this question could not be taken down, whichever replica said it."""
        for ts in await read_notices(self.client, inquiry, "untaken"):
            await InThread(client=self.client, inquiry=inquiry).take_back(ts)

    async def end_session(self, entry: Entry) -> None:
        """Take the stop button away."""
        if entry.inquiry.thread_ts and entry.inquiry.way != "private":
            await Progress(place=place_of(self.client, entry), manners=self.manners, processing=True).end()
