"""This file is where the messages of an answer come to stand in Slack: each once, in place of what stood there."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from bot.ledger import STARTED
from bot.rendering.blocks import without_markdown
from bot.slack.errors import TooManyCallsError, error_code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.domain import SlackMessage
    from bot.ledger import Entry, Ledger
    from bot.posting.destinations import Place
    from bot.posting.streaming import LiveReply

logger = logging.getLogger(__name__)


REFUSED_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}
TURNS = 10
"""How often an answer waits for its turn in a busy channel before all of it is tried again."""
SETTLED_AFTER_S = 1.0
"""What Slack took without our hearing so may not be seen in the thread at once."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Posts what the ledger holds as a question's answer; `bot_user` is the bot's own user id."""

    ledger: Ledger
    bot_user: str

    async def deliver(self, entry: Entry, place: Place, *, live: LiveReply | None = None, look_first: bool) -> Entry:
        """Post what does not stand in Slack yet; `look_first` where someone may have posted before."""
        posted, standing = dict(entry.posted), await self.standing(entry, place)
        if look_first:
            await asyncio.sleep(SETTLED_AFTER_S)
            posted |= await place.read_posted()
        for part, message in enumerate(entry.messages):
            if part in posted:
                continue
            if part:
                entry = await self.ledger.note_posted(entry, posted)  # and make sure that it is still ours
            if live and standing[part : part + 1] == [live.ts] and await live.finish(message):
                posted[part] = live.ts
                continue
            ts = standing[part] if part < len(standing) else ""
            posted[part] = await self._in_its_turn(entry, partial(_stand, place, message, part, ts))
        for ts in set(standing) - set(posted.values()):
            await place.take_back(ts)
        return replace(entry, posted=posted)

    async def _in_its_turn(self, entry: Entry, stand: Callable[[], Awaitable[str]]) -> str:
        """Wait as long as Slack wants it, and make sure before each try that the question is still ours."""
        for _ in range(TURNS):
            try:
                return await stand()
            except TooManyCallsError as error:
                await asyncio.sleep(error.retry_after_s * random.uniform(1, 1.5))  # noqa: S311 - spreads answers
                await self.ledger.look(entry)
        return await stand()

    async def standing(self, entry: Entry, place: Place) -> list[str]:
        """Return the messages from before, in order; of what may stand there unheard the thread is asked."""
        standing = [ts for ts in entry.standing if ts != STARTED]
        if STARTED in entry.standing:
            await asyncio.sleep(SETTLED_AFTER_S)
            known = await self.ledger.streams_in(entry.inquiry)
            standing += [ts for ts in await place.read_unmarked(self.bot_user) if ts not in known][:1]
        if entry.revision and not standing:  # what was being posted when it was taken up anew
            await asyncio.sleep(SETTLED_AFTER_S)
            standing = await place.read_before()
        return standing


async def _stand(place: Place, message: SlackMessage, part: int, ts: str) -> str:
    """Post a part, or put it in place of what stands at `ts`; more plainly where Slack refuses its blocks."""
    try:
        return await (place.rewrite(ts, message, part) if ts else place.post(message, part))
    except SlackApiError as error:
        if error_code(error) not in REFUSED_BLOCKS:
            raise
        logger.warning("Slack refuses an answer's blocks (%s); it is shown without Markdown.", error_code(error))
    message = replace(message, blocks=without_markdown(message.blocks))
    return await (place.rewrite(ts, message, part) if ts else place.post(message, part))
