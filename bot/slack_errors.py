"""This file is where Slack's failures are told apart: what another try may mend, and what it can't."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
from slack_sdk.errors import SlackApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_ERROR = 500
TOO_MANY_REQUESTS = 429
PASSING = {
    "fatal_error",
    "internal_error",
    "ratelimited",
    "rate_limited",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
}
"""Slack's errors that say the fault is its own, or the moment's."""


class SlackTroubleError(Exception):
    """Slack can't be reached, or can't for now. What was sent may have arrived all the same."""


class UnreachableAskerError(Exception):
    """The address at which the asker alone is answered works no more: it is good for half an hour."""


@contextmanager
def talking_to_slack() -> Iterator[None]:
    """Turn what may pass into SlackTroubleError; a refusal stays the SlackApiError that it is."""
    try:
        yield
    except SlackApiError as error:
        if _may_pass(error):
            message = f"Slack can't do it now ({error_code(error)})."
            raise SlackTroubleError(message) from error
        raise
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        message = f"Slack can't be reached ({type(error).__name__})."
        raise SlackTroubleError(message) from error


ADVICE = {
    "not_in_channel": "Invite the bot into the channel.",
    "channel_not_found": "Invite the bot into the channel, if it is there still.",
    "is_archived": "The channel is archived.",
    "restricted_action": "An admin decides who may post in the channel: its settings, or the workspace's.",
    "no_permission": "An admin decides who may post in the channel: its settings, or the workspace's.",
    "missing_scope": "Update the Slack app from manifest.yaml, and install it again.",
}
"""What a person can do about it."""


def explain(error: SlackApiError) -> str:
    """Return what Slack refuses with, and what a person can do about it where that is known."""
    code = error_code(error)
    needed = f" ({error.response.get('needed')})" if error.response.get("needed") else ""
    return f"{code}{needed}. {ADVICE.get(code, '')}".strip()


def error_code(error: SlackApiError) -> str:
    """Return Slack's word for what is wrong, or the HTTP status where it sent none."""
    code = error.response.get("error") if isinstance(error.response.get("error"), str) else None
    return code or f"HTTP {getattr(error.response, 'status_code', '?')}"


def _may_pass(error: SlackApiError) -> bool:
    status = getattr(error.response, "status_code", 0)
    return error_code(error) in PASSING or status == TOO_MANY_REQUESTS or status >= SERVER_ERROR
