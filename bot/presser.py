"""This file is where whoever pressed a button is spoken to."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.slack_errors import SlackTroubleError, talking_to_slack

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Presser:
    """Who pressed a button, and where."""

    client: AsyncWebClient
    body: dict[str, Any]

    @property
    def user(self) -> str:
        """Their user id."""
        return str(self.body["user"]["id"])

    async def whisper(self, text: str) -> None:
        """Tell them alone."""
        try:
            with talking_to_slack():
                await self.client.chat_postEphemeral(
                    channel=self.body["channel"]["id"],
                    user=self.user,
                    thread_ts=self.body.get("message", {}).get("thread_ts"),
                    text=text,
                )
        except (SlackApiError, SlackTroubleError) as error:
            logger.warning("Who pressed the button can't be told: %s", error)
