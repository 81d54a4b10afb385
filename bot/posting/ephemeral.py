"""The asker alone as a destination: over a response_url, an ephemeral message, or a direct one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.posting.own_messages import post_ephemeral, send_direct_message
from bot.rendering.blocks import without_markdown
from bot.slack.errors import AskerUnreachableError, SlackRefusedError, slack_call
from bot.slack.replies import was_shown
from bot.slack.sessions import open_session

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity, SlackMessage, SlackQuestion
    from bot.slack.errors import CannotPostError

logger = logging.getLogger(__name__)

WEBHOOK_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class EphemeralDestination:
    """The asker alone: over a command's response_url (30 minutes, five messages), or else in another way.

    `refusal` is why not everyone can be shown it, None where the asker wants it so.
    """

    client: AsyncWebClient
    channel: str
    user: str
    reply_url: str
    refusal: CannotPostError | None = None

    async def post(self, message: SlackMessage, part: int) -> str:
        """Show a part to the asker; raise AskerUnreachableError where Slack refuses each way to them."""
        del part  # Slack keeps no metadata of what only one person sees
        if self.reply_url and await self._reply(message):
            return ""
        try:
            await post_ephemeral(self.client, self.channel, self.user, message)
        except SlackRefusedError as error:
            logger.info("%s can't be shown something alone in %s: %s", self.user, self.channel, error.code)
        else:
            return ""
        try:
            await send_direct_message(self.client, self.user, message)
        except SlackRefusedError as error:
            told = f"neither response_url nor an ephemeral nor a direct message is taken ({error.code})"
            raise AskerUnreachableError(told) from error
        return ""

    async def _reply(self, message: SlackMessage) -> bool:
        with slack_call():
            async with open_session(self.reply_url) as session:
                webhook = AsyncWebhookClient(self.reply_url, timeout=WEBHOOK_TIMEOUT_S, session=session)
                webhook.proxy = None  # the session knows better
                blocks = without_markdown(message.blocks)
                sent = await webhook.send(text=message.text, blocks=blocks, response_type="ephemeral")
                return was_shown(sent.status_code, sent.body, sent.headers)

    async def rewrite(self, ts: str, message: SlackMessage, part: int) -> str:
        """Show a part anew: what one person was shown can't be changed."""
        del ts
        return await self.post(message, part)

    async def retract(self, ts: str) -> None:
        """Leave it: what one person was shown can't be deleted."""

    async def mark_replaced(self, ts: str, text: str) -> None:
        """Leave it, for the same reason."""

    async def read_posted(self, bot: BotIdentity) -> dict[int, str]:
        """Return nothing: what one person was shown can't be read."""
        del bot
        return {}

    async def read_before(self, bot: BotIdentity) -> list[str]:
        """Return nothing."""
        del bot
        return []

    async def read_unfinished(self, bot: BotIdentity) -> list[str]:
        """Return nothing either."""
        del bot
        return []


def ephemeral_destination(
    client: AsyncWebClient, question: SlackQuestion, reply_url: str, *, refusal: CannotPostError | None = None
) -> EphemeralDestination:
    """Return the way to a question's asker alone."""
    return EphemeralDestination(
        client=client, channel=question.channel, user=question.user, reply_url=reply_url, refusal=refusal
    )
