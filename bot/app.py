"""This file is where it is said which Slack event goes where, and what happens when one can't be dealt with."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bot import wording
from bot.intake import Inquiry
from bot.reply import post_notice, tell_privately

if TYPE_CHECKING:
    from slack_bolt.context.respond.async_respond import AsyncRespond

    from bot.listeners import Listeners
    from bot.settings import SlackSettings

logger = logging.getLogger(__name__)

COMMAND = "/milvusfaq"
CALL_TIMEOUT_S = 15


def make_client(settings: SlackSettings) -> AsyncWebClient:
    """Return a Web API client that waits when Slack says 429.

    A server error is not tried again: the message may have been posted all the same.
    """
    return AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=CALL_TIMEOUT_S,
        retry_handlers=[AsyncConnectionErrorRetryHandler(), AsyncRateLimitErrorRetryHandler(max_retry_count=3)],
    )


def build_app(client: AsyncWebClient, listeners: Listeners) -> AsyncApp:
    """Return the Bolt app with every listener in its place."""
    app = AsyncApp(client=client, token=client.token)
    app.event("app_mention")(listeners.on_mention)
    app.event("message")(listeners.on_message)
    app.command(COMMAND)(listeners.on_command)
    app.event(re.compile(".*"))(listeners.on_anything_else)
    app.error(on_error)
    return app


async def on_error(error: Exception, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond) -> None:
    """Log the failure with its traceback and apologise where the question stands; its text stays in the log."""
    logger.error("A question could not be answered: %s", error, exc_info=error)
    try:
        if inquiry := _failed_inquiry(body):
            await post_notice(client, inquiry, wording.APOLOGY)
        elif "response_url" in body:
            await tell_privately(respond, wording.APOLOGY)
    except SlackApiError as second:
        logger.warning("The apology could not be posted either: %s", second.response.get("error"))


def _failed_inquiry(body: dict[str, Any]) -> Inquiry | None:
    event = body.get("event") or {}
    if event.get("type") not in {"app_mention", "message"} or "user" not in event:
        return None
    thread_ts = event.get("thread_ts") or event["ts"]
    return Inquiry(team="", channel=event["channel"], ts=event["ts"], thread_ts=thread_ts, user=event["user"], text="")
