"""This file is where the Slack side's parts meet, made of the settings and of who the bot is in its workspace."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bot.answering.admission import Access, Limits
from bot.answering.handler import Responder
from bot.jobs.cleanup import Cleaner
from bot.jobs.escalation import Escalation
from bot.jobs.worker import Workers
from bot.listeners.actions.escalate import EscalateActions
from bot.listeners.actions.feedback import Opinions
from bot.listeners.actions.mute import MuteActions
from bot.listeners.actions.regenerate import Again
from bot.listeners.commands import CommandListeners
from bot.listeners.home_tab import Home
from bot.listeners.messages import MessageListeners
from bot.listeners.routing import Listeners
from bot.listeners.shortcuts import Shortcut
from bot.rendering.action_ids import ESCALATE_ACTION, ESCALATE_ELSEWHERE_ACTION, MUTE_ACTION
from bot.slack.client import without_retries
from bot.slack.rate_limits import Manners
from bot.slack.users import People

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient
    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from bot.ledger import Ledger
    from bot.settings import SlackSettings
    from rag import Answerer


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the parts are made of; `identity` is auth.test's reply."""

    slack: SlackSettings
    client: AsyncWebClient
    ledger: Ledger
    answerer: Answerer
    identity: AsyncSlackResponse

    def workers(self) -> Workers:
        """Return what works through accepted questions."""
        responder = Responder(
            client=without_retries(self.client),
            ledger=self.ledger,
            answerer=self.answerer,
            access=self._access,
            people=self._people,
            limits=Limits(
                ledger=self.ledger,
                people=self._people,
                per_user=self.slack.questions_per_user,
                per_channel=self.slack.questions_per_channel,
            ),
            manners=Manners(pace=self.slack.slack_pace),
            bot_user=self._bot_user,
            bot_name=self._bot_name,
            buttons=(*([ESCALATE_ACTION] if self.slack.escalation_group else []), MUTE_ACTION),
            buttons_in_private=(ESCALATE_ELSEWHERE_ACTION,) if self._can_call_elsewhere else (),
        )
        return Workers(
            responder=responder,
            ledger=self.ledger,
            at_once=self.slack.answers_at_once,
            queue_length=self.slack.queue_length,
            answer_within_s=self.slack.answer_within_s,
            slots=asyncio.Semaphore(self.slack.answers_at_once),
            cleaner=Cleaner(tidier=responder.tidier, ledger=self.ledger),
        )

    def listeners(self, workers: Workers) -> Listeners:
        """Return what takes messages, commands, buttons, forms, the home tab and the shortcut."""
        ledger, people, bot_user, bot_name = self.ledger, self._people, self._bot_user, self._bot_name
        mute = MuteActions(ledger=ledger, people=people)
        return Listeners(
            people=people,
            messages=MessageListeners(
                ledger=ledger,
                workers=workers,
                people=people,
                mute_actions=mute,
                bot_user=bot_user,
                support_channels=self.slack.support_channels,
            ),
            commands=CommandListeners(
                ledger=ledger, workers=workers, people=people, bot_user=bot_user, bot_name=bot_name
            ),
            opinions=Opinions(ledger, people),
            escalate=EscalateActions(ledger=ledger, people=people, access=self._access, escalation=self.escalation),
            again=Again(ledger, workers, self._access, people),
            mute=mute,
            home=Home(
                ledger=ledger,
                workers=workers,
                answerer=self.answerer,
                people=people,
                bot_name=bot_name,
                workspace=self.identity["url"],
            ),
            shortcut=Shortcut(ledger=ledger, workers=workers, people=people, bot_user=bot_user),
        )

    @cached_property
    def escalation(self) -> Escalation:
        """Return what calls people."""
        return Escalation(
            client=self.client,
            ledger=self.ledger,
            people=self._people,
            called=self.slack.escalation_group,
            channel=self.slack.escalation_channel,
            workspace=self.identity["url"],
        )

    @cached_property
    def _people(self) -> People:
        return People(self.client)

    @cached_property
    def _access(self) -> Access:
        return Access(
            people=self._people,
            team=self.identity["team_id"],
            enterprise=self.identity.get("enterprise_id") or "",
            channels=self.slack.allowed_channels,
            users=self.slack.allowed_users,
            guests=self.slack.allow_guests,
            external=self.slack.allow_external,
        )

    @property
    def _can_call_elsewhere(self) -> bool:
        return bool(self.slack.escalation_group and self.slack.escalation_channel)

    @property
    def _bot_user(self) -> str:
        return str(self.identity["user_id"])

    @property
    def _bot_name(self) -> str:
        return str(self.identity["user"])
