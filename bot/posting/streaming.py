"""Streaming: an answer grows in its thread while the model writes it, streamed, or posted and updated.

Whatever goes wrong here costs the growing alone: the whole answer is published in its place afterwards. What was begun
is noted in the ledger, so that another process finds it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bot.slack.errors import RateLimitedError, SlackRefusedError, SlackUnavailableError, slack_call
from bot.text.markdown import stable_prefix

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain import SlackMessage
    from bot.posting.destinations import ThreadDestination
    from bot.slack.rate_limits import PostingMode, SlackRateLimits

logger = logging.getLogger(__name__)

PAUSE_S: dict[PostingMode, float] = {"stream": 0.7, "update": 3.0, "whole": 0.0}
"""Between two pieces: Slack takes 100 appends and 50 updates a minute in all."""
CALL_TIMEOUT_S = 5.0
FIRST_CHARACTERS = 24
"""A message that begins with half a word is not worth a call."""
LONGEST = 9_000
"""Characters that are shown as they come: a message takes 12,000, and where it is cut best shows in the end."""
NO_STREAMS = {"unknown_method", "feature_not_enabled", "feature_disabled", "not_allowed_token_type", "access_denied"}
NO_STREAMS_IN = {"channel_type_not_supported", "missing_recipient_team_id", "missing_recipient_user_id"}


class StreamRecord(Protocol):
    """Where it is noted in which message an answer grows; raises LostLeaseError when that is no longer ours to say."""

    async def starting(self) -> None:
        """Note that a message is about to be begun."""
        ...

    async def stands(self, ts: str) -> None:
        """Note the message; "" for none."""
        ...


@dataclass(slots=True, kw_only=True)
class StreamingMessage:
    """An answer's first message while it is written."""

    destination: ThreadDestination
    rate_limits: SlackRateLimits
    record: StreamRecord
    on_first_text: Callable[[], None]
    received: str = ""
    shown: str = ""
    ts: str = ""
    mode: PostingMode | None = None
    is_broken: bool = False
    """Whether it is not known what stands in Slack: then nothing more is added."""
    retry_after_s: float = 0.0
    """For how long Slack wants no call more."""
    has_ended_session: bool = False
    """Whether the agent's session is known to have ended with the stream."""
    has_news: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    updating: asyncio.Task[None] | None = None

    async def append(self, piece: str) -> None:
        """Take the model's next words."""
        self.received += piece
        self.has_news.set()
        if self.updating is None:
            self.on_first_text()
            self.updating = asyncio.create_task(self._update_until_end())

    async def end(self) -> None:
        """Let a call that is under way come to its end, and show no more; raise what the ledger raised."""
        self.ended.set()
        self.has_news.set()
        if self.updating:
            await self.updating

    async def finish(self, message: SlackMessage) -> bool:
        """Make the stream the answer's first message; False where that can't be done by adding to it."""
        text, *rest = message.blocks
        if self.mode != "stream" or self.is_broken or not text.get("text", "").startswith(self.shown):
            return False
        try:
            self.has_ended_session = await self.destination.stop_stream(
                self.ts, text["text"][len(self.shown) :], blocks=rest
            )
        except SlackRefusedError as error:
            logger.info("The stream in %s ended before its answer: %s", self.channel, error.code)
            return False
        return True

    @property
    def channel(self) -> str:
        """Where it grows."""
        return self.destination.question.channel

    async def _update_until_end(self) -> None:
        while not self.ended.is_set() and not self.is_broken and self.mode != "whole":
            await self.has_news.wait()
            self.has_news.clear()
            text = stable_prefix(self.received.lstrip())
            if self._is_worth_showing(text) and not self.ended.is_set():
                await self._show(text)
            if not self.ts and not self.retry_after_s:
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(max(PAUSE_S[self.mode or "stream"], self.retry_after_s)):
                    await self.ended.wait()
            self.retry_after_s = 0.0
            if len(self.received) > len(self.shown):
                self.has_news.set()

    def _is_worth_showing(self, text: str) -> bool:
        least = len(self.shown) + 1 if self.ts else FIRST_CHARACTERS
        return least <= len(text) <= LONGEST

    async def _show(self, text: str) -> None:
        try:
            with slack_call():
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    await self._send(text)
        except SlackRefusedError as error:
            logger.info("An answer stops growing in %s: %s", self.channel, error.code)
            self.is_broken = True
        except RateLimitedError as error:
            logger.info("An answer grows more slowly in %s: %s", self.channel, error)
            self.retry_after_s = error.retry_after_s
        except SlackUnavailableError as error:
            logger.info("An answer may not grow in %s: %s", self.channel, error)
            self.is_broken = self.mode == "stream" or not self.ts

    async def _send(self, text: str) -> None:
        if not self.ts:
            await self._begin(text)
        elif self.mode == "update" and self.rate_limits.may("update"):
            await self.record.stands(self.ts)  # whoever has taken the question over may have put its own answer here
            await self.destination.update_growing(self.ts, text)
            self.shown = text
        elif self.mode == "stream" and self.rate_limits.may("append"):
            await self.destination.append_stream(self.ts, text[len(self.shown) :])
            self.shown = text

    async def _begin(self, text: str) -> None:
        self.mode = self.rate_limits.choose(self.channel)
        if self.mode == "whole":
            return
        await self.record.starting()
        try:
            with slack_call():
                self.ts = await self._post_first(text)
        except (SlackRefusedError, RateLimitedError):  # nothing was begun
            await self.record.stands("")
            raise
        self.shown = text
        await self.record.stands(self.ts)

    async def _post_first(self, text: str) -> str:
        """Begin a stream; where Slack has none, post the first words and remember that."""
        if self.mode == "stream":
            try:
                return await self.destination.start_stream(text)
            except SlackRefusedError as error:
                if error.code not in NO_STREAMS | NO_STREAMS_IN:
                    raise
                self.rate_limits.refuse("stream", channel=self.channel if error.code in NO_STREAMS_IN else "")
                logger.info("Slack takes no streams in %s (%s): answers are updated.", self.channel, error.code)
                self.mode = "update"
        return await self.destination.post_growing(text)
