"""Status: until the answer's first words the asker sees that it is being made, and can stop it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack.errors import SlackRefusedError, SlackUnavailableError, slack_call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.posting.destinations import ThreadDestination
    from bot.slack.rate_limits import OptionalCall, SlackRateLimits

logger = logging.getLogger(__name__)


READ_WITHIN_S = 0.4
"""So long a status stands at least: one that is gone sooner nobody reads, and its call costs the answer's time."""
LEFT_FOR_FIRST = 0.5
"""Which share of the statuses is kept for those who have seen none yet."""
PATIENCE_S = 2.0
"""A status is optional: it is not waited for longer, nor through Slack's Retry-After."""
NOT_HERE = {"unknown_method", "feature_not_enabled", "feature_disabled", "not_allowed_token_type", "missing_scope"}
TITLE_CHARACTERS = 200


def _ignore() -> None:
    """Take the place of a listener where nobody wants to know."""


@dataclass(slots=True, kw_only=True)
class StatusIndicator:
    """A status below the question, and an agent session, whose "processing" is what Slack shows a stop button for.

    `wanted` is the status to show, `shown` the one that stands there, since `shown_at`. A call that was `cut_off` may
    reach Slack after the answer's first words.
    """

    destination: ThreadDestination
    rate_limits: SlackRateLimits
    wanted: str = ""
    shown: str = ""
    shown_at: float = 0.0
    showing: asyncio.Task[None] | None = None
    is_calling: bool = False
    is_cut_off: bool = False
    processing: bool = False
    on_shown: Callable[[], None] = _ignore
    """Told when the first status stands there."""

    def show(self, text: str) -> None:
        """Show what is going on, as soon as what was shown before could be read; nobody waits for it."""
        self.wanted = text
        if self.showing is None or self.showing.done():
            self.showing = asyncio.create_task(self._show())

    async def tell(self, text: str) -> None:
        """Show a status alone, and wait until it stands there."""
        await self._show_status(text)

    def hide(self) -> None:
        """Show no more: a status that came after the answer's first words would stand there for two minutes."""
        if self.showing and not self.showing.done():
            self.is_cut_off = self.is_cut_off or self.is_calling
            self.showing.cancel()

    async def end(self, *, session_ended: bool = False, was_posted: bool = True) -> None:
        """Take the stop button away, unless the stream's end has done that; and the status, unless a post has."""
        self.hide()
        if self.is_cut_off or (self.shown and not was_posted):
            await self._show_status("")
        if self.processing and not session_ended:
            await self._try("session", self._set_session("active"))

    async def _show(self) -> None:
        while self.wanted != self.shown:
            if self.shown:
                await asyncio.sleep(self.shown_at + READ_WITHIN_S - time.monotonic())
            is_first = not self.shown
            self.shown, self.shown_at = self.wanted, time.monotonic()
            self.is_calling = True
            stands = await self._show_status(self.shown, leave=0.0 if is_first else LEFT_FOR_FIRST)
            self.is_calling = False
            if is_first and stands:
                self.on_shown()
            if not self.processing and self.rate_limits.may("session"):
                self.processing = True  # Slack may have done it, whatever it replies
                self.processing = await self._try("session", self._set_session("processing"))

    async def _show_status(self, text: str, *, leave: float = 0.0) -> bool:
        question = self.destination.question
        if not self.rate_limits.may("status", leave=leave):
            return False
        status = self.destination.client.assistant_threads_setStatus(
            channel_id=question.channel, thread_ts=question.thread_ts, status=text
        )
        return await self._try("status", status)

    async def _set_session(self, status: str) -> None:
        question = self.destination.question
        await self.destination.client.agents_sessions_setStatus(
            channel_id=question.channel,
            thread_ts=question.thread_ts,
            status=status,
            title=question.text[:TITLE_CHARACTERS] or None,
            initiator_user_id=question.user or None,
        )

    async def _try(self, optional: OptionalCall, call: Awaitable[object]) -> bool:
        """Make a call; return False where Slack refuses it."""
        try:
            with slack_call():
                async with asyncio.timeout(PATIENCE_S):
                    await call
        except SlackRefusedError as error:
            logger.debug("No %s in %s: %s", optional, self.destination.question.channel, error)
            if error.code in NOT_HERE:
                self.rate_limits.refuse(optional)
            return False
        except SlackUnavailableError as error:
            logger.debug("No %s in %s: %s", optional, self.destination.question.channel, error)
        return True  # it may have been done all the same
