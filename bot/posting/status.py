"""This file is where the asker sees, until the answer's first words, that it is being made, and can stop it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from bot.slack.errors import SlackTroubleError, error_code, talking_to_slack

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bot.posting.destinations import InThread
    from bot.slack.rate_limits import Courtesy, Manners

logger = logging.getLogger(__name__)


PATIENCE_S = 2.0
"""A status is a courtesy: it is not waited for longer, nor through Slack's Retry-After."""
NOT_HERE = {"unknown_method", "feature_not_enabled", "feature_disabled", "not_allowed_token_type", "missing_scope"}
TITLE_CHARACTERS = 200


@dataclass(slots=True, kw_only=True)
class Progress:
    """A status below the question, and an agent session, whose "processing" is what Slack shows a stop button for."""

    place: InThread
    manners: Manners
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
        if not self.processing and self.manners.may("session"):
            self.processing = True  # Slack may have heard it, whatever we hear
            self.processing = await self._try("session", self._set_session("processing"))

    async def _show_status(self, text: str) -> None:
        inquiry = self.place.inquiry
        if self.manners.may("status"):
            status = self.place.client.assistant_threads_setStatus(
                channel_id=inquiry.channel, thread_ts=inquiry.thread_ts, status=text
            )
            await self._try("status", status)

    async def _set_session(self, status: str) -> None:
        inquiry = self.place.inquiry
        await self.place.client.agents_sessions_setStatus(
            channel_id=inquiry.channel,
            thread_ts=inquiry.thread_ts,
            status=status,
            title=inquiry.text[:TITLE_CHARACTERS] or None,
            initiator_user_id=inquiry.user,
        )

    async def _try(self, courtesy: Courtesy, call: Awaitable[object]) -> bool:
        """Make a call; return False where Slack refuses it."""
        try:
            with talking_to_slack():
                async with asyncio.timeout(PATIENCE_S):
                    await call
        except SlackApiError as error:
            logger.debug("No %s in %s: %s", courtesy, self.place.inquiry.channel, error)
            if error_code(error) in NOT_HERE:
                self.manners.refuse(courtesy)
            return False
        except SlackTroubleError as error:
            logger.debug("No %s in %s: %s", courtesy, self.place.inquiry.channel, error)
        return True  # it may have been heard all the same
