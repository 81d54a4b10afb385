"""Slack: tokens, scopes, the app's connection, channels, what the workspace can do, the clock. Nothing is posted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from bot.operations.doctor.finding import Finding, fail, ok, span_of, warn
from bot.slack.errors import RateLimitedError, SlackError, SlackRefusedError, slack_call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Mapping

    from slack_sdk.web.async_client import AsyncWebClient
    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from bot.settings import SlackSettings

SCOPES: dict[str, str] = {
    "app_mentions:read": "mentions are not heard",
    "assistant:write": "no status is shown while an answer is made",
    "channels:history": "support channels are not heard, threads are not read",
    "chat:write": "nothing can be posted",
    "commands": "/milvusfaq and the shortcut do not work",
    "groups:history": "private channels are not heard",
    "im:history": "direct messages are not heard",
    "im:write": "examples on the home tab can't be asked",
    "users:read": "guests can't be told from members, nor languages",
}
"""What no longer works without each scope of the manifest."""
OPTIONAL_SCOPES: dict[str, str] = {
    "channels:read": "the report and FEEDBACK_CHANNEL quote nothing but what was asked in that very channel",
    "files:read": "of files only what Slack shows is read",
    "im:read": "after an outage people who had never asked are not found",
    "mpim:history": "group direct messages are not heard",
    "usergroups:read": "user groups in ADMINS are left out",
}
EVENTS: dict[str, str] = {
    "app_mention": "app_mention",
    "message.channels": "message.channel",
    "message.groups": "message.group",
    "message.im": "message.im",
    "message.mpim": "message.mpim",
    "app_home_opened": "app_home_opened",
    "agent_session_stopped": "agent_session_stopped",
    "/milvusfaq": "slash_commands",
    "buttons and forms": "interactive",
}
"""By its name in the manifest, what the bot counts."""
REINSTALL = "Update the app from manifest.yaml, and install it again."
NOWHERE = "C00000000"
"""A channel that no workspace has: a call for it tells whether the method is there, and posts nothing."""
NOT_HERE = {"unknown_method", "feature_not_enabled", "feature_disabled", "not_allowed_token_type"}
LONG_WAIT_S = 10.0
READING = "reading threads"
MOST_SKEW_S = 60.0
"""Slack's own clients refuse what is five minutes off; times in threads look odd long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackChecks:
    """Asks Slack, as the bot would; `client` repeats nothing by itself."""

    client: AsyncWebClient
    app_token: str
    settings: SlackSettings
    report_channel: str = ""

    async def run(self) -> AsyncIterator[Finding]:
        """Yield what Slack says; without a token that it takes nothing else is asked."""
        try:
            identity = await _call(self.client.auth_test())
        except SlackRefusedError as error:
            yield fail("bot token", f"Slack does not take it ({error.code})", "Copy it anew: OAuth & Permissions.")
            return
        except SlackError as error:
            yield fail("Slack", str(error), "Check the network, the proxy, and SLACK_API_URL if it is set.")
            return
        yield ok("bot token", f"@{identity.get('user')} in {identity.get('team')} ({identity.get('team_id')})")
        for finding in (*check_scopes(identity.headers), *check_clock(identity.headers)):
            yield finding
        yield await self._app_token()
        for name, channel in self._channels():
            yield await self._membership(name, channel)
        async for finding in self._features():
            yield finding
        yield await self._throttling()

    async def _app_token(self) -> Finding:
        try:
            await _call(self.client.apps_connections_open(app_token=self.app_token))
        except SlackRefusedError as error:
            do = "Make one with connections:write: Basic Information > App-Level Tokens."
            return fail("app token", f"Slack does not take it ({error.code})", do)
        except SlackError as error:
            return fail("app token", str(error), "Try again; if it stays so, see status.slack.com.")
        return ok("app token", "Slack opens Socket Mode connections for it")

    def _channels(self) -> Iterator[tuple[str, str]]:
        for channel in self.settings.support_channels:
            yield "SUPPORT_CHANNELS", channel
        for channel in self.settings.allowed_channels:
            yield "ALLOWED_CHANNELS", channel
        others = {
            "ESCALATION_CHANNEL": self.settings.escalation_channel,
            "FEEDBACK_CHANNEL": self.settings.feedback_channel,
            "REPORT_CHANNEL": self.report_channel,
        }
        yield from ((name, channel) for name, channel in others.items() if channel)

    async def _membership(self, name: str, channel: str) -> Finding:
        what = f"{name} {channel}"
        try:
            await _call(self.client.conversations_history(channel=channel, limit=1))
        except SlackRefusedError as error:
            do = REINSTALL if error.code == "missing_scope" else "Invite the bot there, or take the id out."
            return fail(what, f"the bot can't read there ({error.code})", do)
        except RateLimitedError as error:
            return warn(what, f"not known: {error}", "Try again then.")
        except SlackError as error:
            return warn(what, str(error), "Try again in a minute.")
        return ok(what, "the bot is there")

    async def _features(self) -> AsyncIterator[Finding]:
        """Yield which features the workspace has, by calls for a channel that there is not."""
        stream = self.client.chat_startStream(channel=NOWHERE, thread_ts="1.000001")
        yield await _feature("streaming", stream, without="answers are posted and updated")
        status = self.client.assistant_threads_setStatus(channel_id=NOWHERE, thread_ts="1.000001", status="")
        yield await _feature("statuses", status, without="people see nothing until the first words")
        session = self.client.agents_sessions_setStatus(channel_id=NOWHERE, thread_ts="1.000001", status="active")
        yield await _feature("sessions", session, without="there is no stop button")

    async def _throttling(self) -> Finding:
        """Tell whether threads may be read more than once a minute: one call alone would not show it."""
        for _ in range(2):
            try:
                await _call(self.client.conversations_replies(channel=NOWHERE, ts="1.000001", limit=1))
            except RateLimitedError as error:
                if error.retry_after_s >= LONG_WAIT_S:
                    return _throttled(error)
            except SlackRefusedError:
                continue  # it was taken, and there is no such channel
            except SlackError as error:
                return warn(READING, str(error), "Try again in a minute.")
        return ok(READING, "not throttled")


def _throttled(error: RateLimitedError) -> Finding:
    do = "Slack lets apps that are sold outside its Marketplace read once a minute: make it an internal app."
    return warn(READING, f"throttled: Slack wants {error.retry_after_s:g} s between calls", do)


def check_scopes(headers: Mapping[str, str]) -> Iterator[Finding]:
    """Yield which scopes are missing, and what does not work without each."""
    told = _header(headers, "x-oauth-scopes")
    granted = {scope.strip() for scope in told.split(",") if scope.strip()}
    if not granted:
        yield warn("scopes", "Slack does not tell them", "Compare the app's page with manifest.yaml.")
        return
    missing = [scope for scope in SCOPES if scope not in granted]
    for scope in missing:
        yield fail(f"scope {scope}", f"missing: {SCOPES[scope]}", REINSTALL)
    for scope, without in OPTIONAL_SCOPES.items():
        if scope not in granted:
            yield warn(f"scope {scope}", f"missing: {without}", f"It is optional. {REINSTALL}")
    if not missing:
        yield ok("scopes", f"{len(granted)} granted, none missing that is needed")


def check_clock(headers: Mapping[str, str]) -> Iterator[Finding]:
    """Yield how far this machine's clock is from Slack's."""
    try:
        skew_s = time.time() - parsedate_to_datetime(_header(headers, "date")).timestamp()
    except ValueError:  # there is none, or it is odd
        return
    if abs(skew_s) > MOST_SKEW_S:
        yield warn("clock", f"{skew_s:+.0f} s beside Slack's", "Set this machine's clock by NTP.")
    else:
        yield ok("clock", f"{abs(skew_s):.0f} s beside Slack's at most")


def check_events(seen: Mapping[str, int], *, started_at: float) -> Finding:
    """Tell which events a running bot has seen: no token can read which ones its app subscribes to."""
    came = [name for name, counted in EVENTS.items() if seen.get(counted)]
    missing = [name for name in EVENTS if name not in came]
    told = f"in {span_of(time.time() - started_at)} seen: {_listed(came)}; not seen: {_listed(missing)}"
    return ok("events", told)


async def _feature(what: str, call: Awaitable[AsyncSlackResponse], *, without: str) -> Finding:
    try:
        await _call(call)
    except SlackRefusedError as error:
        if error.code == "missing_scope":
            return warn(what, f"a scope is missing: {without}", REINSTALL)
        if error.code in NOT_HERE:
            return warn(what, f"not in this workspace ({error.code}): {without}", "Nothing: the bot goes without.")
    except SlackError as error:
        return warn(what, str(error), "Try again in a minute.")
    return ok(what, "available")


async def _call(call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    with slack_call():
        return await call


def _header(headers: Mapping[str, Any], name: str) -> str:
    return str({key.lower(): value for key, value in headers.items()}.get(name, ""))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
