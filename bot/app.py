"""This file is where it is said which Slack event goes where, and what happens when one can't be taken."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import (
    AGAIN_ACTIONS,
    ESCALATE_ACTION,
    ESCALATE_ELSEWHERE_ACTION,
    FEEDBACK_ACTION,
    MUTE_ACTION,
    RESOLVE_ACTION,
)
from bot.shortcut import SHORTCUT
from bot.views import ASK_FORM, EXAMPLE_ACTIONS, FEEDBACK_FORM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from bot.again import Again
    from bot.escalation import Escalation
    from bot.home import Home
    from bot.listeners import Listeners
    from bot.opinions import Opinions
    from bot.settings import SlackSettings
    from bot.shortcut import Shortcut

COMMAND = "/milvusfaq"
CALL_TIMEOUT_S = 10
CALLS_AT_ONCE = 20
KEPT_OPEN_S = 10
"""A connection that Slack closes while a message goes over it leaves open whether that was posted."""
RATE_LIMIT_TRIES = 3


@asynccontextmanager
async def open_client(settings: SlackSettings) -> AsyncIterator[AsyncWebClient]:
    """Open a Web API client that makes so many calls at a time, and waits when Slack says 429.

    Nothing else is tried again here: a message may have been posted all the same, and only reading tells.
    """
    connector = aiohttp.TCPConnector(limit=CALLS_AT_ONCE, keepalive_timeout=KEPT_OPEN_S)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CALL_TIMEOUT_S, sock_read=CALL_TIMEOUT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=True) as session:
        yield AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url,
            session=session,
            retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_TRIES)],
        )


def without_retries(client: AsyncWebClient) -> AsyncWebClient:
    """Return the same client, for whoever has to look at the ledger again before another try."""
    return AsyncWebClient(token=client.token, base_url=client.base_url, session=client.session, retry_handlers=[])


@dataclass(frozen=True, slots=True)
class Buttons:
    """What takes up buttons, forms, the home tab and the shortcut."""

    opinions: Opinions
    escalation: Escalation
    again: Again
    home: Home
    shortcut: Shortcut


def build_app(client: AsyncWebClient, listeners: Listeners, buttons: Buttons, identity: AsyncSlackResponse) -> AsyncApp:
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
    _take_presses(app, buttons)
    app.event(re.compile(".*"))(listeners.on_anything_else)  # the last: Bolt acknowledges what some listener takes
    app.error(listeners.on_error)
    return app


def _hear(app: AsyncApp, listeners: Listeners) -> None:
    app.event("app_mention")(listeners.on_mention)
    app.event("message")(listeners.on_message)
    app.event("agent_session_stopped")(listeners.on_stopped)
    app.command(COMMAND)(listeners.on_command)
    app.action(MUTE_ACTION)(listeners.on_mute)


def _take_presses(app: AsyncApp, buttons: Buttons) -> None:
    app.action(FEEDBACK_ACTION)(buttons.opinions.on_button)
    app.view(FEEDBACK_FORM)(buttons.opinions.on_form)
    for action in AGAIN_ACTIONS:
        app.action(action)(buttons.again.on_button)
    for action in (ESCALATE_ACTION, ESCALATE_ELSEWHERE_ACTION):
        app.action(action)(buttons.escalation.on_button)
    app.action(RESOLVE_ACTION)(buttons.escalation.on_resolved)
    app.event("app_home_opened")(buttons.home.on_opened)
    for action in EXAMPLE_ACTIONS:
        app.action(action)(buttons.home.on_example)
    app.shortcut({"type": "message_action", "callback_id": SHORTCUT})(buttons.shortcut.on_shortcut)
    app.view(ASK_FORM)(buttons.shortcut.on_form)
