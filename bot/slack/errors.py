"""Slack's failures: what another try may fix, and what it can't.

SlackError
├── SlackUnavailableError      Slack can't be reached, or can't for now; what was sent may have arrived all the same
│   └── RateLimitedError       it takes no more calls of this kind for a while; what was sent has not arrived
├── SlackRefusedError          it refuses a call, and another try would be refused too
│   └── CannotPostError        nothing can be posted there before a person has done something about it
└── AskerUnreachableError      the address at which the asker alone is answered takes nothing more
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
from slack_sdk.errors import SlackApiError

from bot.slack.replies import SERVER_ERROR, TOO_MANY_REQUESTS, OddReplyError, retry_after_s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.text.wording import RefusalKind

RATE_LIMITED = {"ratelimited", "rate_limited"}
PASSING = {
    "fatal_error",
    "internal_error",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
    "update_failed",
}
"""Slack's errors that say the fault is its own, or the moment's."""


class SlackError(Exception):
    """A call to Slack has failed."""


class SlackUnavailableError(SlackError):
    """Slack can't be reached, or can't for now.

    `retry_after_s` is how long Slack wants to be left alone, 0 where it has not said so.
    """

    retry_after_s = 0.0


class RateLimitedError(SlackUnavailableError):
    """Slack takes no more calls of this kind for a while."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Slack takes no more calls for {retry_after_s:g} s.")
        self.retry_after_s = retry_after_s


class SlackRefusedError(SlackError):
    """Slack refuses a call: `code` is its word for why, or the HTTP status where it sent none.

    `needed` is the scope that the app lacks, "" where it lacks none. As a text it says what an operator can do, where
    that is known.
    """

    kind: RefusalKind = "otherwise"

    def __init__(self, code: str, *, needed: str = "") -> None:
        refusal = refusal_of(code)
        super().__init__(f"{code}{f' ({needed})' if needed else ''}. {refusal.advice if refusal else ''}".strip())
        self.code = code
        self.needed = needed


class CannotPostError(SlackRefusedError):
    """Nothing can be posted there before a person has done something about it: `kind` says what stands against it."""

    def __init__(self, code: str, *, kind: RefusalKind, needed: str = "") -> None:
        super().__init__(code, needed=needed)
        self.kind = kind


class AskerUnreachableError(SlackError):
    """The address at which the asker alone is answered works no more: it is good for half an hour."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing can be posted somewhere, and what an operator can do about it."""

    kind: RefusalKind
    advice: str


PROXY_ERRORS = (ProxyError, ProxyConnectionError, ProxyTimeoutError)
RESTRICTED = "restricted_action"
"""There are more of its kind: `restricted_action_read_only_channel`, `…_thread_locked`, …"""
_BY_SETTINGS = Refusal("by_settings", "An admin decides who may post in the channel: its settings, or the workspace's.")
REFUSALS = {
    "not_in_channel": Refusal("not_a_member", "Invite the bot into the channel."),
    "channel_not_found": Refusal("not_a_member", "Invite the bot into the channel, if it is there still."),
    "is_archived": Refusal("archived", "The channel is archived."),
    RESTRICTED: _BY_SETTINGS,
    "no_permission": _BY_SETTINGS,
    "ekm_access_denied": Refusal("by_settings", "The organisation's key management does not let the app in here."),
    "missing_scope": Refusal("scope", "Update the Slack app from manifest.yaml, and install it again."),
}
"""By Slack's code, the refusals that a person can do something about."""


def refusal_of(code: str) -> Refusal | None:
    """Return what is known of a code with which Slack refuses a message; None for other codes."""
    return REFUSALS.get(RESTRICTED if code.startswith(RESTRICTED) else code)


@contextmanager
def slack_call() -> Iterator[None]:
    """Turn what slack_sdk and aiohttp raise into a SlackError."""
    try:
        yield
    except SlackApiError as error:
        raise _translated(error) from error
    except OddReplyError as error:
        if error.status == TOO_MANY_REQUESTS:
            raise RateLimitedError(retry_after_s(error.headers)) from error
        message = f"Something answers in Slack's place ({error})."
        raise SlackUnavailableError(message) from error
    except PROXY_ERRORS as error:
        message = f"The proxy on the way to Slack does not let it through ({error})."
        raise SlackUnavailableError(message) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        message = f"Slack can't be reached ({type(error).__name__})."
        raise SlackUnavailableError(message) from error


def _translated(error: SlackApiError) -> SlackError:
    response = error.response
    status = getattr(response, "status_code", 0)
    told = response.get("error")
    code = told if isinstance(told, str) and told else f"HTTP {status or '?'}"
    if code in RATE_LIMITED or status == TOO_MANY_REQUESTS:
        return RateLimitedError(retry_after_s(response.headers))
    if code in PASSING or status >= SERVER_ERROR:
        return SlackUnavailableError(f"Slack can't do it now ({code}).")
    needed = str(response.get("needed") or "")
    if refusal := refusal_of(code):
        return CannotPostError(code, kind=refusal.kind, needed=needed)
    return SlackRefusedError(code, needed=needed)
