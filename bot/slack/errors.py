"""This file is where Slack's failures are told apart: what another try may mend, and what it can't."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
from slack_sdk.errors import SlackApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


SERVER_ERROR = 500
TOO_MANY_REQUESTS = 429
LONGEST_WAIT_S = 60.0
PASSING = {
    "fatal_error",
    "internal_error",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
}
"""Slack's errors that say the fault is its own, or the moment's."""


class SlackTroubleError(Exception):
    """Slack can't be reached, or can't for now. What was sent may have arrived all the same.

    `retry_after_s` is how long Slack wants to be left alone, 0 where it has not said so.
    """

    retry_after_s = 0.0


class TooManyCallsError(SlackTroubleError):
    """Slack takes no more calls of this kind for a while: what was sent has not arrived."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Slack takes no more calls for {retry_after_s:g} s.")
        self.retry_after_s = retry_after_s


class UnreachableAskerError(Exception):
    """The address at which the asker alone is answered works no more: it is good for half an hour."""


@contextmanager
def talking_to_slack() -> Iterator[None]:
    """Turn what may pass into SlackTroubleError; a refusal stays the SlackApiError that it is."""
    try:
        yield
    except SlackApiError as error:
        if _is_too_many(error):
            raise TooManyCallsError(retry_after_s(error.response.headers)) from error
        if _may_pass(error):
            message = f"Slack can't do it now ({error_code(error)})."
            raise SlackTroubleError(message) from error
        raise
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        message = f"Slack can't be reached ({type(error).__name__})."
        raise SlackTroubleError(message) from error


RESTRICTED = "restricted_action"
"""There are more of its kind: `restricted_action_read_only_channel`, `…_thread_locked`, …"""
ADVICE = {
    "not_in_channel": "Invite the bot into the channel.",
    "channel_not_found": "Invite the bot into the channel, if it is there still.",
    "is_archived": "The channel is archived.",
    RESTRICTED: "An admin decides who may post in the channel: its settings, or the workspace's.",
    "no_permission": "An admin decides who may post in the channel: its settings, or the workspace's.",
    "ekm_access_denied": "The organisation's key management does not let the app in here.",
    "missing_scope": "Update the Slack app from manifest.yaml, and install it again.",
}
"""What a person can do about it."""


def explain(error: SlackApiError) -> str:
    """Return what Slack refuses with, and what a person can do about it where that is known."""
    code = error_code(error)
    needed = f" ({error.response.get('needed')})" if error.response.get("needed") else ""
    advice = ADVICE.get(code) or (ADVICE[RESTRICTED] if code.startswith(RESTRICTED) else "")
    return f"{code}{needed}. {advice}".strip()


def error_code(error: SlackApiError) -> str:
    """Return Slack's word for what is wrong, or the HTTP status where it sent none."""
    code = error.response.get("error") if isinstance(error.response.get("error"), str) else None
    return code or f"HTTP {getattr(error.response, 'status_code', '?')}"


def can_not_post(error: SlackApiError) -> bool:
    """Tell whether nothing can be posted there before a person has done something about it."""
    code = error_code(error)
    return code in ADVICE or code.startswith(RESTRICTED)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return for how many seconds Slack wants to be left alone, as a 429's headers tell it."""
    told = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    return min(float(told), LONGEST_WAIT_S) if told.isdigit() else 1.0


def _is_too_many(error: SlackApiError) -> bool:
    status = getattr(error.response, "status_code", 0)
    return error_code(error) in {"ratelimited", "rate_limited"} or status == TOO_MANY_REQUESTS


def _may_pass(error: SlackApiError) -> bool:
    return error_code(error) in PASSING or getattr(error.response, "status_code", 0) >= SERVER_ERROR
