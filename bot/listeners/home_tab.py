"""The home tab: what the bot can do and knows, what was asked last, and questions to press."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain import SlackQuestion
from bot.ledger import LedgerError
from bot.listeners.actions.interaction import Interaction
from bot.rendering.home_tab import HomePage, TokenUsage, home_view, prompts
from bot.slack.errors import SlackError, SlackRefusedError, SlackUnavailableError, slack_call
from bot.slack.replies import field_of
from bot.text.wording import wording

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity, RecentQuestion
    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.rendering.home_tab import Privacy
    from bot.slack.users import Admins, Users
    from bot.text.wording import Wording
    from rag import Answerer

logger = logging.getLogger(__name__)


SHOWN = 5
"""Questions that a person asked last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeTab:
    """Shows each person a page of their own."""

    ledger: Ledger
    worker: Worker
    answerer: Answerer
    users: Users
    identity: BotIdentity
    privacy: Privacy
    admins: Admins
    tokens_per_day: int

    async def on_opened(self, event: dict[str, Any], client: AsyncWebClient) -> None:
        """Show the home tab, or suggest questions where someone begins to write."""
        user = event["user"]
        try:
            if event.get("tab") == "home":
                await self._show(client, user)
            elif event.get("tab") == "messages":
                words = await self.users.words(user)
                with slack_call():
                    await client.assistant_threads_setSuggestedPrompts(
                        channel_id=event["channel"], prompts=prompts(words, asked_in=self._asked_in(words))
                    )
        except SlackError as error:
            logger.info("The home tab can't be shown: %s", error)

    async def on_example(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Ask the question that was pressed, in the presser's direct messages."""
        await ack()
        interaction = Interaction(client, body, self.users)
        try:
            with slack_call():
                opened = field_of(await client.conversations_open(users=interaction.user), "channel", dict)
            question = SlackQuestion(
                team=interaction.team,
                channel=opened["id"],
                ts=f"home {body['trigger_id']}",
                thread_ts="",
                user=interaction.user,
                text=interaction.value,
                origin="home",
            )
            if entry := await self.ledger.questions.accept(question):
                self.worker.submit(entry)
                await self._show(client, interaction.user, asked=interaction.value)
        except SlackRefusedError as error:
            logger.warning("An example can't be asked: %s", error)
        except (SlackUnavailableError, LedgerError) as error:
            logger.warning("An example can't be asked now: %s", error)
            with suppress(SlackError):
                await self._show(client, interaction.user, note=(await interaction.words()).not_now)

    async def on_forget(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Delete what is kept of who pressed, and say so."""
        await ack()
        interaction = Interaction(client, body, self.users)
        words = await interaction.words()
        try:
            count = await self.ledger.deletion.forget_user(interaction.user)
            await self.ledger.personal_data.record_audit(
                actor=interaction.user, action="forget", subject=interaction.user
            )
            note = words.home_forgotten.format(count=count)
        except LedgerError as error:
            logger.warning("What is kept of a person can't be deleted now: %s", error)
            note = words.not_now
        with suppress(SlackError):
            await self._show(client, interaction.user, note=note)

    async def _show(self, client: AsyncWebClient, user: str, *, asked: str = "", note: str = "") -> None:
        page = HomePage(
            bot_name=self.identity.name,
            workspace=self.identity.workspace,
            docs=self.answerer.docs(),
            recent=await self._recent(user),
            privacy=self.privacy,
            usage=await self._usage(user),
            asked=asked,
            note=note,
        )
        words = await self.users.words(user)
        view = home_view(words, page, asked_in=self._asked_in(words))
        with slack_call():
            await client.views_publish(user_id=user, view=view)

    def _asked_in(self, words: Wording) -> Wording:
        """Return the language in which an example finds its pages: without a model nobody translates it."""
        return words if self.answerer.model else wording()

    async def _usage(self, user: str) -> TokenUsage | None:
        """Return what the language model takes; None for who is no admin."""
        try:
            if not await self.admins.include(user):
                return None
            today, _ = await self.ledger.usage.tokens_today(user)
        except LedgerError as error:
            logger.info("What the language model takes can't be shown: %s", error)
            return None
        return TokenUsage(today, self.tokens_per_day)

    async def _recent(self, user: str) -> list[RecentQuestion]:
        try:
            return await self.ledger.usage.recent(user, limit=SHOWN)
        except LedgerError as error:
            logger.info("The last questions can't be shown: %s", error)
            return []
