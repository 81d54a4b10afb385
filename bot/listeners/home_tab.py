"""This file is where the app's home is shown: what it can do and knows, what was asked last, questions to press."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.domain import Inquiry
from bot.ledger import LedgerError, asked_last
from bot.listeners.actions.interaction import Presser
from bot.rendering.home_tab import HomePage, home_view, prompts
from bot.slack.errors import SlackTroubleError, explain, talking_to_slack
from bot.text.wording import wording

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import Asked
    from bot.jobs.worker import Workers
    from bot.ledger import Ledger
    from bot.slack.users import People
    from bot.text.wording import Wording
    from rag import Answerer

logger = logging.getLogger(__name__)


SHOWN = 5
"""Questions that a person asked last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Shows each person a page of their own; `workspace` is the address below which messages are linked."""

    ledger: Ledger
    workers: Workers
    answerer: Answerer
    people: People
    bot_name: str
    workspace: str

    async def on_opened(self, event: dict[str, Any], client: AsyncWebClient) -> None:
        """Show the home tab, or suggest questions where someone begins to write."""
        user = event["user"]
        try:
            if event.get("tab") == "home":
                await self._show(client, user)
            elif event.get("tab") == "messages":
                words = await self.people.words(user)
                with talking_to_slack():
                    await client.assistant_threads_setSuggestedPrompts(
                        channel_id=event["channel"], prompts=prompts(words, asked_in=self._asked_in(words))
                    )
        except SlackApiError as error:
            logger.info("The home tab can't be shown: %s", explain(error))
        except SlackTroubleError as error:
            logger.info("The home tab can't be shown now: %s", error)

    async def on_example(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Ask the question that was pressed, in the presser's direct messages."""
        await ack()
        presser = Presser(client, body, self.people)
        try:
            with talking_to_slack():
                opened = await client.conversations_open(users=presser.user)
            inquiry = Inquiry(
                team=presser.team,
                channel=opened["channel"]["id"],
                ts=f"home {body['trigger_id']}",
                thread_ts="",
                user=presser.user,
                text=presser.value,
                way="home",
            )
            if entry := await self.ledger.accept(inquiry):
                self.workers.take(entry)
                await self._show(client, presser.user, asked=presser.value)
        except SlackApiError as error:
            logger.warning("An example can't be asked: %s", explain(error))
        except (SlackTroubleError, LedgerError) as error:
            logger.warning("An example can't be asked now: %s", error)
            with suppress(SlackApiError, SlackTroubleError):
                await self._show(client, presser.user, note=(await presser.words()).not_now)

    async def _show(self, client: AsyncWebClient, user: str, *, asked: str = "", note: str = "") -> None:
        page = HomePage(
            bot_name=self.bot_name,
            workspace=self.workspace,
            docs=self.answerer.docs(),
            recent=await self._recent(user),
            asked=asked,
            note=note,
        )
        words = await self.people.words(user)
        view = home_view(words, page, asked_in=self._asked_in(words))
        with talking_to_slack():
            await client.views_publish(user_id=user, view=view)

    def _asked_in(self, words: Wording) -> Wording:
        """Return the language in which an example finds its pages: without a model nobody translates it."""
        return words if self.answerer.model else wording()

    async def _recent(self, user: str) -> list[Asked]:
        try:
            return await asked_last(self.ledger.database, user, limit=SHOWN)
        except LedgerError as error:
            logger.info("The last questions can't be shown: %s", error)
            return []
