"""Interaction: who pressed a button, where, and which; and how they are told something alone."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain import MessageRef
from bot.posting.ephemeral import EphemeralDestination
from bot.rendering.blocks import notice_message
from bot.slack.errors import SlackError, slack_call

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.answering.admission import AccessPolicy
    from bot.ledger import Ledger
    from bot.slack.users import Users
    from bot.text.wording import Wording

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Interaction:
    """Who pressed a button, where, and which."""

    client: AsyncWebClient
    body: dict[str, Any]
    users: Users

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
    def question(self) -> MessageRef:
        """What the ledger knows the button's question by."""
        channel, _, ts = self.value.rpartition("/")
        return MessageRef(self.team, channel or self.channel, ts)

    @property
    def user(self) -> str:
        """Their user id."""
        return str(self.body["user"]["id"])

    async def words(self) -> Wording:
        """Return the bot's sentences in their language."""
        return await self.users.words(self.user)

    async def refusal(self, policy: AccessPolicy, ledger: Ledger) -> str:
        """Return why nothing can be done about the button's question: not by them, or it is gone; "" when it can."""
        if refused := await policy.refusal(self.user, channel=self.channel):
            return refused
        return "" if await ledger.questions.has_text(self.question) else (await self.words()).question_is_gone

    async def post_ephemeral(self, text: str) -> None:
        """Tell them alone; below what they alone see the bot may have no other way than that message's address."""
        try:
            if self.body.get("container", {}).get("is_ephemeral"):
                reply_url = str(self.body.get("response_url") or "")
                alone = EphemeralDestination(
                    client=self.client, channel=self.channel, user=self.user, reply_url=reply_url
                )
                await alone.post(notice_message(text), 0)
                return
            with slack_call():
                await self.client.chat_postEphemeral(
                    channel=self.channel,
                    user=self.user,
                    thread_ts=self.body.get("message", {}).get("thread_ts"),
                    text=text,
                )
        except SlackError as error:
            logger.warning("Who pressed the button can't be told: %s", error)
