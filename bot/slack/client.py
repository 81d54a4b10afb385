"""The Web API client, and whether Slack takes its tokens."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain import BotIdentity
from bot.slack.errors import PROXY_ERRORS, SlackRefusedError, SlackUnavailableError, slack_call
from bot.slack.files import SlackFiles
from bot.slack.replies import OddReplyError, field_of, only_slacks_word
from bot.slack.sessions import open_session
from rag import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from slack_sdk.http_retry.async_handler import AsyncRetryHandler
    from slack_sdk.web.async_slack_response import AsyncSlackResponse


CALL_TIMEOUT_S = 10
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CALL_TIMEOUT_S, sock_read=CALL_TIMEOUT_S)
CALLS_AT_ONCE = 20
KEPT_OPEN_S = 10
"""A connection that Slack closes while a message goes over it leaves open whether that was posted."""
RATE_LIMIT_TRIES = 3
NEEDED = ("team_id", "user_id", "user", "url")
"""What auth.test has to say of the bot."""


@asynccontextmanager
async def open_client(token: str, base_url: str) -> AsyncIterator[AsyncWebClient]:
    """Open a Web API client that makes so many calls at a time, and waits when Slack says 429.

    Nothing else is tried again here: a message may have been posted all the same, and only reading tells.
    """
    limits = {"limit": CALLS_AT_ONCE, "keepalive_timeout": KEPT_OPEN_S}
    async with open_session(base_url, timeout=TIMEOUT, middlewares=(only_slacks_word,), **limits) as session:
        yield _client(token, base_url, session, AsyncRateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_TRIES))


def without_retries(client: AsyncWebClient) -> AsyncWebClient:
    """Return the same client, for whoever has to look at the ledger again before another try."""
    return _client(client.token, client.base_url, client.session)


def _client(
    token: str | None, base_url: str, session: aiohttp.ClientSession | None, *retry_handlers: AsyncRetryHandler
) -> AsyncWebClient:
    client = AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=list(retry_handlers))
    client.proxy = None  # of the environment's the session knows more: NO_PROXY, and SOCKS
    return client


@asynccontextmanager
async def open_files(client: AsyncWebClient, scopes: frozenset[str] | None) -> AsyncIterator[SlackFiles]:
    """Open what reads files; its connections are of their own, since what they bring is no word of Slack's."""
    async with open_session(client.base_url, timeout=TIMEOUT) as session:
        yield SlackFiles(client, session, scopes)


async def check_tokens(client: AsyncWebClient, app_token: str) -> BotIdentity:
    """Ask Slack whether it takes both tokens, and the app's scopes; return who the bot is.

    Raise SettingsError otherwise.
    """
    identity = await _checked(client.auth_test(), "SLACK_BOT_TOKEN", client.base_url, *NEEDED)
    user = await _checked(client.users_info(user=identity["user_id"]), "SLACK_BOT_TOKEN", client.base_url)
    await _checked(client.apps_connections_open(app_token=app_token), "SLACK_APP_TOKEN", client.base_url)
    return BotIdentity(
        team=identity["team_id"],
        enterprise=identity.get("enterprise_id") or "",
        user=identity["user_id"],
        bot_id=identity.get("bot_id") or "",
        app_id=_app_id(user, app_token),
        name=identity["user"],
        workspace=identity["url"],
        scopes=_scopes(identity.headers),
    )


def _app_id(user: AsyncSlackResponse, app_token: str) -> str:
    """Return the app's id, as Slack tells it of the bot's user, or as it stands in the token (`xapp-1-A0123-…`)."""
    profile = (user.get("user") or {}).get("profile") or {}
    in_token = app_token.split("-")[2:3]
    return str(profile.get("api_app_id") or (in_token[0] if in_token and in_token[0].startswith("A") else ""))


def _scopes(headers: Mapping[str, str]) -> frozenset[str] | None:
    """Return what the token may do; None where the reply does not say."""
    told = {name.lower(): value for name, value in headers.items()}.get("x-oauth-scopes", "")
    return frozenset(scope.strip() for scope in told.split(",") if scope.strip()) or None


async def _checked(call: Awaitable[AsyncSlackResponse], setting: str, address: str, *fields: str) -> AsyncSlackResponse:
    try:
        with slack_call():
            reply = await call
            for name in fields:
                field_of(reply, name, str)
            return reply
    except SlackRefusedError as error:
        if error.code == "missing_scope":
            message = f"The Slack app lacks the scope {error.needed}."
            raise SettingsError(message, hint="Update it from manifest.yaml and install it again.") from error
        message = f"Slack does not take {setting} ({error.code})."
        raise SettingsError(message, hint="See .env.example, and the app's page at api.slack.com/apps.") from error
    except SlackUnavailableError as error:
        message = f"Slack can't be reached at {address}."
        told = f"{error} " if isinstance(error.__cause__, (OddReplyError, *PROXY_ERRORS)) else ""
        raise SettingsError(message, hint=f"{told}Check the network, and SLACK_API_URL if it is set.") from error
