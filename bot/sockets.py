"""This file is where the Socket Mode connection to Slack is held, until the process is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError

from rag import SettingsError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient
    from slack_sdk.web.async_slack_response import AsyncSlackResponse

logger = logging.getLogger(__name__)

PING_INTERVAL_S = 5


async def check_tokens(client: AsyncWebClient, app_token: str) -> AsyncSlackResponse:
    """Ask Slack whether it takes both tokens; return auth.test's reply, which says who the bot is.

    Raise SettingsError otherwise: without this check the socket client would try a wrong app token for ever.
    """
    identity = await _checked(client.auth_test(), "SLACK_BOT_TOKEN", client.base_url)
    await _checked(client.apps_connections_open(app_token=app_token), "SLACK_APP_TOKEN", client.base_url)
    return identity


async def stay_connected(app: AsyncApp, app_token: str) -> None:
    """Connect and take events until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stopped.set)
    handler = AsyncSocketModeHandler(app, app_token, ping_interval=PING_INTERVAL_S)
    try:
        await handler.client.connect()  # type: ignore[no-untyped-call]
        logger.info("Ready: connected to Slack.")
        await stopped.wait()
        logger.info("Stopping.")
    finally:
        await handler.client.close()  # type: ignore[no-untyped-call]


async def _checked(call: Awaitable[AsyncSlackResponse], setting: str, address: str) -> AsyncSlackResponse:
    try:
        return await call
    except SlackApiError as error:
        code = error.response.get("error")
        message = f"Slack does not take {setting} ({code})."
        raise SettingsError(message, hint="See .env.example, and the app's page at api.slack.com/apps.") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        message = f"Slack can't be reached at {address}."
        raise SettingsError(message, hint="Check the network, and SLACK_API_URL if it is set.") from error
