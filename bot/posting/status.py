"""Status: until the answer's first words the asker sees that it is being made, and can stop it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.slack.errors import SlackRefusedError, SlackUnavailableError, slack_call

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bot.posting.destinations import ThreadDestination
    from bot.slack.rate_limits import OptionalCall, SlackRateLimits

logger = logging.getLogger(__name__)


PATIENCE_S = 2.0
"""A status is optional: it is not waited for longer, nor through Slack's Retry-After."""
NOT_HERE = {"unknown_method", "feature_not_enabled", "feature_disabled", "not_allowed_token_type", "missing_scope"}
TITLE_CHARACTERS = 200


@dataclass(slots=True, kw_only=True)
class StatusIndicator:
    """A status below the question, and an agent session, whose "processing" is what Slack shows a stop button for."""

    destination: ThreadDestination
    rate_limits: SlackRateLimits
    showing: asyncio.Task[None] | None = None
    processing: bool = False

    def show(self, text: str) -> None:
        """Show what is going on, instead of what was shown before; nobody waits for it."""
        if self.showing:
            self.showing.cancel()
        self.showing = asyncio.create_task(self._show(text))

    async def tell(self, text: str) -> None:
        """Show a status alone, and wait until it stands there."""
        await self._show_status(text)

    def hide(self) -> None:
        """Show no more: a status that came after the answer's first words would stand there for two minutes."""
        if self.showing:
            self.showing.cancel()

    async def end(self, *, session_ended: bool = False, was_posted: bool = True) -> None:
        """Take the stop button away, unless the stream's end has done that; and the status, unless a post has."""
        self.hide()
        if not was_posted and self.showing:
            await self._show_status("")
        if self.processing and not session_ended:
            await self._try("session", self._set_session("active"))

    async def _show(self, text: str) -> None:
        await self._show_status(text)
        if not self.processing and self.rate_limits.may("session"):
            self.processing = True  # Slack may have done it, whatever it replies
            self.processing = await self._try("session", self._set_session("processing"))

    async def _show_status(self, text: str) -> None:
        question = self.destination.question
        if self.rate_limits.may("status"):
            status = self.destination.client.assistant_threads_setStatus(
                channel_id=question.channel, thread_ts=question.thread_ts, status=text
            )
            await self._try("status", status)

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
