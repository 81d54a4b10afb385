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


def error_code(error: SlackApiError) -> str:
    """Return Slack's word for what is wrong, or the HTTP status where it sent none."""
    code = error.response.get("error") if isinstance(error.response.get("error"), str) else None
    return code or f"HTTP {getattr(error.response, 'status_code', '?')}"


def _may_pass(error: SlackApiError) -> bool:
    status = getattr(error.response, "status_code", 0)
    return error_code(error) in PASSING or status == TOO_MANY_REQUESTS or status >= SERVER_ERROR
