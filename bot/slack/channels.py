"""Channels: which of them everybody in the workspace can read."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.slack.errors import SlackError, SlackRefusedError, slack_call
from bot.slack.replies import field_of

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import SlackQuestion

logger = logging.getLogger(__name__)

REMEMBERED_S = 600.0
"""A channel may be made private: that is noticed after ten minutes."""
NO_SCOPE = "The scope channels:read is missing, which tells public channels."
NOT_PUBLIC = ("is_private", "is_im", "is_mpim")


@dataclass(frozen=True, slots=True)
class Channels:
    """Tells public channels from others; one of which Slack does not tell it counts as private."""

    client: AsyncWebClient
    known: dict[str, tuple[float, bool]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    @property
    def trouble(self) -> str:
        """Why it could not be told of a channel; "" where it could."""
        return "".join(self.troubles)

    async def may_quote(self, question: SlackQuestion, *, in_channel: str) -> bool:
        """Tell whether everybody who reads a channel could read a question, and its answer, where it was asked."""
        was_seen = question.origin != "private" and bool(question.thread_ts) and not question.is_direct
        if not was_seen or not question.text:
            return False
        return question.channel == in_channel or await self.is_public(question.channel)

    async def is_public(self, channel: str) -> bool:
        """Tell whether everybody can read what is said there, as far as Slack tells it now."""
        if not channel.startswith("C"):
            return False
        known = self.known.get(channel)
        if known and time.monotonic() - known[0] < REMEMBERED_S:
            return known[1]
        try:
            with slack_call():
                told = field_of(await self.client.conversations_info(channel=channel), "channel", dict)
        except SlackError as error:
            logger.info("It is not known whether %s is public: %s", channel, error)
            is_scope = isinstance(error, SlackRefusedError) and error.code == "missing_scope"
            self.troubles[:] = [NO_SCOPE if is_scope else f"Slack does not tell which channels are public: {error}"]
            return False
        is_public = not any(told.get(name) for name in NOT_PUBLIC)
        self.known[channel] = (time.monotonic(), is_public)
        return is_public
