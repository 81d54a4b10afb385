"""This file is where whoever pressed a button is spoken to."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.posting.destinations import Privately
from bot.rendering.blocks import notice_message
from bot.slack.errors import SlackTroubleError, UnreachableAskerError, talking_to_slack

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.slack.users import People
    from bot.text.wording import Wording

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Presser:
    """Who pressed a button, where, and which."""

    client: AsyncWebClient
    body: dict[str, Any]
    people: People

    @property
    def value(self) -> str:
        """What the button says of itself: the ts of its question's message, behind its channel and / if in another."""
        return str(self.body["actions"][0]["value"])

    @property
    def action(self) -> str:
        """The button's action id."""
        return str(self.body["actions"][0]["action_id"])

    @property
    def channel(self) -> str:
        """Where it stands."""
        return str(self.body["channel"]["id"])

    @property
    def team(self) -> str:
        """The workspace; in an organisation a press may tell it of the person alone."""
        return str((self.body.get("team") or self.body["user"]).get("id" if self.body.get("team") else "team_id") or "")

    @property
    def key(self) -> tuple[str, str, str]:
        """What the ledger knows the button's question by."""
        channel, _, ts = self.value.rpartition("/")
        return self.team, channel or self.channel, ts

    @property
    def user(self) -> str:
        """Their user id."""
        return str(self.body["user"]["id"])

    async def words(self) -> Wording:
        """Return the bot's sentences in their language."""
        return await self.people.words(self.user)

    async def whisper(self, text: str) -> None:
        """Tell them alone; below what they alone see the bot may have no other way than that message's address."""
        try:
            if self.body.get("container", {}).get("is_ephemeral"):
                await Privately(self.body["response_url"]).post(notice_message(text), 0)
                return
            with talking_to_slack():
                await self.client.chat_postEphemeral(
                    channel=self.channel,
                    user=self.user,
                    thread_ts=self.body.get("message", {}).get("thread_ts"),
                    text=text,
                )
        except (SlackApiError, SlackTroubleError, UnreachableAskerError) as error:
            logger.warning("Who pressed the button can't be told: %s", error)
