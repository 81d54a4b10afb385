"""Publishing: the messages of an answer come to stand in Slack, each once, in place of what stood there."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from bot.background import jitter
from bot.rendering.blocks import text_message, without_markdown
from bot.slack.errors import CannotPostError, RateLimitedError, SlackRefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from bot.domain import BotIdentity, SlackMessage
    from bot.ledger import Entry, Ledger
    from bot.posting.destinations import Destination
    from bot.posting.streaming import StreamingMessage
    from bot.slack.users import Users

logger = logging.getLogger(__name__)

REFUSED_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}
RATE_LIMIT_TRIES = 10
"""How often a message waits while a channel is busy before the whole attempt is tried again."""
SETTLED_AFTER_S = 1.0
"""What Slack took, though its reply was lost, may not be seen in the thread at once."""


@dataclass(frozen=True, slots=True)
class AnswerPublisher:
    """Posts what the ledger holds as a question's answer."""

    ledger: Ledger
    bot: BotIdentity
    users: Users

    async def publish(
        self, entry: Entry, destination: Destination, *, streaming: StreamingMessage | None = None, look_first: bool
    ) -> Entry:
        """Post what does not stand in Slack yet; `look_first` where someone may have posted before."""
        posted, earlier = dict(entry.posted), await self.earlier_messages(entry, destination)
        if look_first:
            await asyncio.sleep(SETTLED_AFTER_S)
            posted |= await destination.read_posted(self.bot)
        for part, message in enumerate(entry.messages):
            if part in posted:
                continue
            if part:
                entry = await self.ledger.questions.record_posted(entry, posted)  # and make sure that it is still ours
            if streaming and earlier[part : part + 1] == [streaming.ts] and await streaming.finish(message):
                posted[part] = streaming.ts
                continue
            ts = earlier[part] if part < len(earlier) else ""
            posted[part] = await self._until_taken(entry, partial(_post, destination, message, part, ts))
        for ts in set(earlier) - set(posted.values()):
            try:
                await destination.retract(ts)
            except SlackRefusedError as error:
                logger.info("An earlier answer can't be deleted: %s", error)
                words = await self.users.words(entry.question.user)
                await destination.mark_replaced(ts, words.replaced)
        return replace(entry, posted=posted)

    async def earlier_messages(self, entry: Entry, destination: Destination) -> list[str]:
        """Return the messages that the answer replaces, in order; read the thread where a reply may be lost."""
        earlier = list(entry.to_replace)
        if entry.has_unknown_stream:
            await asyncio.sleep(SETTLED_AFTER_S)
            known = await self.ledger.questions.known_messages(entry.question.thread)
            earlier += [ts for ts in await destination.read_unfinished(self.bot) if ts not in known][:1]
        if entry.revision and not earlier:  # what was being posted when it was taken up anew
            await asyncio.sleep(SETTLED_AFTER_S)
            earlier = await destination.read_before(self.bot)
        return earlier

    async def _until_taken(self, entry: Entry, post: Callable[[], Awaitable[str]]) -> str:
        """Wait as long as Slack wants it, and make sure before each try that the question is still ours."""
        for _ in range(RATE_LIMIT_TRIES):
            try:
                return await post()
            except RateLimitedError as error:
                await asyncio.sleep(jitter(1.25 * error.retry_after_s))
                await self.ledger.questions.refresh(entry)
        return await post()


async def _post(destination: Destination, message: SlackMessage, part: int, ts: str) -> str:
    """Post a part, or put it in place of what stands at `ts`: more plainly where Slack refuses its blocks.

    Where what stands there can't be changed (its time is over, it is not ours), the part is posted anew.
    """
    plainer = _plainer(message)
    while True:
        try:
            return await (destination.rewrite(ts, message, part) if ts else destination.post(message, part))
        except CannotPostError:
            raise
        except SlackRefusedError as error:
            if error.code in REFUSED_BLOCKS and (plain := next(plainer, None)):
                logger.warning("Slack refuses an answer's blocks (%s); it is shown more plainly.", error.code)
                message = plain
            elif ts:
                logger.warning("A message can't be changed (%s); its answer is posted anew.", error.code)
                ts = ""
            else:
                raise


def _plainer(message: SlackMessage) -> Iterator[SlackMessage]:
    """Yield what to try where Slack refuses a message's blocks: sections, then the words alone."""
    yield replace(message, blocks=without_markdown(message.blocks))
    yield text_message(message)
