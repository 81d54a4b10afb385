"""This file is where it is said which Slack event goes where, and what happens when one can't be taken."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.posting.destinations import tell_privately
from bot.rendering.action_ids import (
    AGAIN_ACTIONS,
    ASK_FORM,
    COMMAND,
    ESCALATE_ACTION,
    ESCALATE_ELSEWHERE_ACTION,
    EXAMPLE_ACTIONS,
    FEEDBACK_ACTION,
    FEEDBACK_FORM,
    MUTE_ACTION,
    RESOLVE_ACTION,
    SHORTCUT,
)
from bot.slack.errors import SlackTroubleError, talking_to_slack

if TYPE_CHECKING:
    from slack_bolt.context.respond.async_respond import AsyncRespond
    from slack_sdk.web.async_client import AsyncWebClient
    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from bot.listeners.actions.escalate import EscalateActions
    from bot.listeners.actions.feedback import Opinions
    from bot.listeners.actions.mute import MuteActions
    from bot.listeners.actions.regenerate import Again
    from bot.listeners.commands import CommandListeners
    from bot.listeners.home_tab import Home
    from bot.listeners.messages import MessageListeners
    from bot.listeners.shortcuts import Shortcut
    from bot.slack.users import People

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """What takes each kind of event; `people` knows in which language a failure is told."""

    messages: MessageListeners
    commands: CommandListeners
    shortcut: Shortcut
    home: Home
    opinions: Opinions
    again: Again
    escalate: EscalateActions
    mute: MuteActions
    people: People

    async def on_anything_else(self) -> None:
        """Do nothing: Bolt acknowledges only what some listener takes, and Slack redelivers the rest."""

    async def on_error(self, error: Exception, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Log why something could not be taken; without an ack Slack delivers an event again, but never a command."""
        logger.error("Slack's %s could not be taken: %s", body.get("type") or "command", error, exc_info=error)
        if "response_url" not in body:
            return
        words = await self.people.words(body.get("user_id") or "")
        try:
            with talking_to_slack():
                await tell_privately(respond, words.can_not_note_now)
        except SlackTroubleError as second:
            logger.warning("The asker can't be told either: %s", second)


def build_app(client: AsyncWebClient, listeners: Listeners, identity: AsyncSlackResponse) -> AsyncApp:
    """Return the Bolt app with every listener in its place; an envelope is acknowledged when its listener has ended.

    `identity` is auth.test's reply. Bolt would ask for it at the first event, and acknowledge that
    unheard on a failure.
    """

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=identity.get("enterprise_id"),
            team_id=identity["team_id"],
            bot_user_id=identity["user_id"],
            bot_id=identity.get("bot_id"),
            bot_token=client.token,
        )

    app = AsyncApp(client=client, authorize=authorize, process_before_response=True)
    _hear(app, listeners)
    _take_presses(app, listeners)
    app.event(re.compile(".*"))(listeners.on_anything_else)  # the last: Bolt acknowledges what some listener takes
    app.error(listeners.on_error)
    return app


def _hear(app: AsyncApp, listeners: Listeners) -> None:
    app.event("app_mention")(listeners.messages.on_mention)
    app.event("message")(listeners.messages.on_message)
    app.event("agent_session_stopped")(listeners.messages.on_stopped)
    app.command(COMMAND)(listeners.commands.on_command)
    app.event("app_home_opened")(listeners.home.on_opened)


def _take_presses(app: AsyncApp, listeners: Listeners) -> None:
    app.action(MUTE_ACTION)(listeners.mute.on_button)
    app.action(FEEDBACK_ACTION)(listeners.opinions.on_button)
    app.view(FEEDBACK_FORM)(listeners.opinions.on_form)
    for action in AGAIN_ACTIONS:
        app.action(action)(listeners.again.on_button)
    for action in (ESCALATE_ACTION, ESCALATE_ELSEWHERE_ACTION):
        app.action(action)(listeners.escalate.on_button)
    app.action(RESOLVE_ACTION)(listeners.escalate.on_resolved)
    for action in EXAMPLE_ACTIONS:
        app.action(action)(listeners.home.on_example)
    app.shortcut({"type": "message_action", "callback_id": SHORTCUT})(listeners.shortcut.on_shortcut)
    app.view(ASK_FORM)(listeners.shortcut.on_form)
