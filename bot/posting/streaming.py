"""This file is where an answer grows in its thread while the model writes it: streamed, or posted and updated.

Whatever goes wrong here costs the growing alone: the whole answer is delivered in its place afterwards. What was begun
is noted in the ledger, so that another process finds it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from bot.ledger import STARTED
from bot.slack.errors import SlackTroubleError, TooManyCallsError, error_code, talking_to_slack
from bot.text.markdown import certain_part

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.domain import SlackMessage
    from bot.posting.destinations import InThread
    from bot.slack.rate_limits import Manner, Manners

logger = logging.getLogger(__name__)


PAUSE_S: dict[Manner, float] = {"stream": 0.7, "update": 3.0, "whole": 0.0}
"""Between two pieces: Slack takes 100 appends and 50 updates a minute in all."""
CALL_TIMEOUT_S = 5.0
FIRST_CHARACTERS = 24
"""A message that begins with half a word is not worth a call."""
LONGEST = 9_000
"""Characters that are shown as they come: a message takes 12,000, and where it is cut best shows in the end."""
NO_STREAMS = {"unknown_method", "feature_not_enabled", "feature_disabled", "not_allowed_token_type", "access_denied"}
NO_STREAMS_IN = {"channel_type_not_supported", "missing_recipient_team_id", "missing_recipient_user_id"}


@dataclass(slots=True, kw_only=True)
class LiveReply:
    """An answer's first message while it is written; `note` takes down its ts, STARTED before that, "" for none."""

    place: InThread
    manners: Manners
    note: Callable[[str], Awaitable[None]]
    on_first_words: Callable[[], None]
    heard: str = ""
    shown: str = ""
    ts: str = ""
    manner: Manner | None = None
    is_torn: bool = False
    """Whether it is not known what stands in Slack: then nothing more is added."""
    left_alone_s: float = 0.0
    """For how long Slack wants no call more."""
    is_finished: bool = False
    """Whether the stream has become the answer's first message."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    growing: asyncio.Task[None] | None = None

    async def hear(self, piece: str) -> None:
        """Take the model's next words."""
        self.heard += piece
        self.news.set()
        if self.growing is None:
            self.on_first_words()
            self.growing = asyncio.create_task(self._grow())

    async def end(self) -> None:
        """Let a call that is under way come to its end, and show no more; raise what the ledger raised."""
        self.over.set()
        self.news.set()
        if self.growing:
            await self.growing

    async def finish(self, message: SlackMessage) -> bool:
        """Make the stream the answer's first message; False where that can't be done by adding to it."""
        text, *rest = message.blocks
        if self.manner != "stream" or self.is_torn or not text.get("text", "").startswith(self.shown):
            return False
        try:
            await self.place.stop_stream(self.ts, text["text"][len(self.shown) :], blocks=rest)
        except SlackApiError as error:
            logger.info("The stream in %s ended before its answer: %s", self.place.inquiry.channel, error_code(error))
            return False
        self.is_finished = True
        return True

    async def _grow(self) -> None:
        while not self.over.is_set() and not self.is_torn and self.manner != "whole":
            await self.news.wait()
            self.news.clear()
            text = certain_part(self.heard.lstrip())
            if self._is_worth_showing(text) and not self.over.is_set():
                await self._show(text)
            if not self.ts and not self.left_alone_s:
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(max(PAUSE_S[self.manner or "stream"], self.left_alone_s)):
                    await self.over.wait()
            self.left_alone_s = 0.0
            if len(self.heard) > len(self.shown):
                self.news.set()

    def _is_worth_showing(self, text: str) -> bool:
        least = len(self.shown) + 1 if self.ts else FIRST_CHARACTERS
        return least <= len(text) <= LONGEST

    async def _show(self, text: str) -> None:
        try:
            with talking_to_slack():
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    await self._bring(text)
        except SlackApiError as error:
            logger.info("An answer stops growing in %s: %s", self.place.inquiry.channel, error_code(error))
            self.is_torn = True
        except TooManyCallsError as error:
            logger.info("An answer grows more slowly in %s: %s", self.place.inquiry.channel, error)
            self.left_alone_s = error.retry_after_s
        except SlackTroubleError as error:
            logger.info("An answer may not grow in %s: %s", self.place.inquiry.channel, error)
            self.is_torn = self.manner == "stream" or not self.ts

    async def _bring(self, text: str) -> None:
        if not self.ts:
            await self._begin(text)
        elif self.manner == "update" and self.manners.may("update"):
            await self.note(self.ts)  # whoever has taken the question over may have put its own answer here
            await self.place.update_growing(self.ts, text)
            self.shown = text
        elif self.manner == "stream" and self.manners.may("append"):
            await self.place.append_stream(self.ts, text[len(self.shown) :])
            self.shown = text

    async def _begin(self, text: str) -> None:
        self.manner = self.manners.choose(self.place.inquiry.channel)
        if self.manner == "whole":
            return
        await self.note(STARTED)
        try:
            with talking_to_slack():
                self.ts = await self._start(text)
        except (SlackApiError, TooManyCallsError):  # nothing was begun
            await self.note("")
            raise
        self.shown = text
        await self.note(self.ts)

    async def _start(self, text: str) -> str:
        """Begin a stream; where Slack has none, post the first words and remember that."""
        channel = self.place.inquiry.channel
        if self.manner == "stream":
            try:
                return await self.place.start_stream(text)
            except SlackApiError as error:
                if error_code(error) not in NO_STREAMS | NO_STREAMS_IN:
                    raise
                self.manners.refuse("stream", channel=channel if error_code(error) in NO_STREAMS_IN else "")
                logger.info("Slack takes no streams in %s (%s): answers are updated.", channel, error_code(error))
                self.manner = "update"
        return await self.place.post_growing(text)
