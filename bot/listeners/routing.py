"""Routing: which Slack event goes to which listener, and what happens when one can't be taken."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.posting.own_messages import respond_privately
from bot.rendering.action_ids import (
    ASK_FORM,
    COMMAND,
    ESCALATE_ACTION,
    ESCALATE_ELSEWHERE_ACTION,
    EXAMPLE_ACTIONS,
    FEEDBACK_ACTION,
    FEEDBACK_FORM,
    FORGET_ACTION,
    MUTE_ACTION,
    REGENERATE_ACTIONS,
    RESOLVE_ACTION,
    SHORTCUT,
)
from bot.slack.errors import SlackUnavailableError, slack_call

if TYPE_CHECKING:
    from slack_bolt.context.respond.async_respond import AsyncRespond
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity
    from bot.listeners.actions.escalate import EscalateActions
    from bot.listeners.actions.feedback import FeedbackActions
    from bot.listeners.actions.mute import MuteActions
    from bot.listeners.actions.regenerate import RegenerateActions
    from bot.listeners.commands import CommandListeners
    from bot.listeners.home_tab import HomeTab
    from bot.listeners.messages import MessageListeners
    from bot.listeners.shortcuts import Shortcuts
    from bot.slack.users import Users

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """What takes each kind of event; `users` knows in which language a failure is told."""

    messages: MessageListeners
    commands: CommandListeners
    shortcuts: Shortcuts
    home_tab: HomeTab
    feedback: FeedbackActions
    regenerate: RegenerateActions
    escalate: EscalateActions
    mute: MuteActions
    users: Users

    async def on_anything_else(self) -> None:
        """Do nothing: Bolt acknowledges only what some listener takes, and Slack redelivers the rest."""

    async def on_error(self, error: Exception, body: dict[str, Any], respond: AsyncRespond) -> None:
        """Log why something could not be taken; without an ack Slack delivers an event again, but never a command."""
        logger.error("Slack's %s could not be taken: %s", body.get("type") or "command", error, exc_info=error)
        if "response_url" not in body:
            return
        words = await self.users.words(body.get("user_id") or "")
        try:
            with slack_call():
                await respond_privately(respond, words.can_not_note_now)
        except SlackUnavailableError as second:
            logger.warning("The asker can't be told either: %s", second)


def build_app(client: AsyncWebClient, listeners: Listeners, identity: BotIdentity) -> AsyncApp:
    """Return the Bolt app with every listener in its place; an envelope is acknowledged when its listener has ended.

    Bolt would ask Slack for `identity` at the first event, and acknowledge that event unprocessed on a failure.
    """

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=identity.enterprise or None,
            team_id=identity.team,
            bot_user_id=identity.user,
            bot_id=identity.bot_id or None,
            bot_token=client.token,
        )

    logging.getLogger("slack_bolt.AsyncApp").addFilter(_is_news)
    app = AsyncApp(client=client, authorize=authorize, process_before_response=True)
    _route_events(app, listeners)
    _route_actions(app, listeners)
    app.event(re.compile(".*"))(listeners.on_anything_else)  # the last: Bolt acknowledges what some listener takes
    app.error(listeners.on_error)
    return app


def _is_news(record: logging.LogRecord) -> bool:
    """Tell Bolt's other warnings from those about SLACK_BOT_TOKEN in the environment, which it leaves alone."""
    return "will be unused" not in record.msg and "will be ignored" not in record.msg


def _route_events(app: AsyncApp, listeners: Listeners) -> None:
    app.event("app_mention")(listeners.messages.on_mention)
    app.event("message")(listeners.messages.on_message)
    app.event("agent_session_stopped")(listeners.messages.on_stopped)
    app.command(COMMAND)(listeners.commands.on_command)
    app.event("app_home_opened")(listeners.home_tab.on_opened)


def _route_actions(app: AsyncApp, listeners: Listeners) -> None:
    app.action(MUTE_ACTION)(listeners.mute.on_button)
    app.action(FEEDBACK_ACTION)(listeners.feedback.on_button)
    app.view(FEEDBACK_FORM)(listeners.feedback.on_form)
    for action in REGENERATE_ACTIONS:
        app.action(action)(listeners.regenerate.on_button)
    for action in (ESCALATE_ACTION, ESCALATE_ELSEWHERE_ACTION):
        app.action(action)(listeners.escalate.on_button)
    app.action(RESOLVE_ACTION)(listeners.escalate.on_resolved)
    app.action(FORGET_ACTION)(listeners.home_tab.on_forget)
    for action in EXAMPLE_ACTIONS:
        app.action(action)(listeners.home_tab.on_example)
    app.shortcut({"type": "message_action", "callback_id": SHORTCUT})(listeners.shortcuts.on_shortcut)
    app.view(ASK_FORM)(listeners.shortcuts.on_form)
