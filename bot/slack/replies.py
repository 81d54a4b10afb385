"""Replies: Slack's own word, told apart from what a gateway on the way to it says in its place.

A gateway answers with a page, a plain line, half a reply or nothing, some of it typed as JSON. It tells nothing of what
became of the call: that may have reached Slack, or not.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp

from bot.telemetry import (
    METHOD_LABEL,
    RESULT_LABEL,
    SLACK_CALLS,
    SLACK_RATE_LIMITED_SECONDS,
    SLACK_SPAN,
    span,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_sdk.web.async_slack_response import AsyncSlackResponse

T = TypeVar("T")

_METHOD = re.compile(r"[a-z]+(?:\.[A-Za-z]+)+")
OK, BAD_REQUEST, TOO_MANY_REQUESTS, SERVER_ERROR = 200, 400, 429, 500
LONGEST_WAIT_S = 60.0


class OddReplyError(aiohttp.ClientError):
    """A reply that is not Slack's word: `status` and `headers` are those of whoever gave it."""

    def __init__(self, told: str, *, status: int = 0, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(told)
        self.status = status
        self.headers = headers or {}


async def only_slacks_word(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Let through what Slack says, a JSON object with `ok`; raise OddReplyError for all else (aiohttp middleware)."""
    method = method_of(request.url.path)
    with span(SLACK_SPAN, {"slack.method": method}) as call:
        try:
            response = await handler(request)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            SLACK_CALLS.labels(METHOD_LABEL(method), type(error).__name__).inc()
            raise
        kind = response.content_type
        told = _parsed(await response.read()) if "json" in kind else {}
        is_slacks = isinstance(told.get("ok"), bool)
        result = "ok" if told.get("ok") else RESULT_LABEL(str(told.get("error"))) if is_slacks else "no word of Slack's"
        call.set_attribute("slack.result", result)
    SLACK_CALLS.labels(METHOD_LABEL(method), result).inc()
    if response.status == TOO_MANY_REQUESTS:
        SLACK_RATE_LIMITED_SECONDS.labels(METHOD_LABEL(method)).inc(retry_after_s(response.headers))
    if not is_slacks:
        response.release()
        odd = f"HTTP {response.status}, {kind}"
        raise OddReplyError(odd, status=response.status, headers=response.headers)
    return response


def method_of(path: str) -> str:
    """Return the Web API method that an address names; another one is a response_url, whose parts are secrets."""
    last = path.rpartition("/")[2]
    return last if _METHOD.fullmatch(last) else "response_url"


def field_of(reply: AsyncSlackResponse, name: str, type_: type[T]) -> T:
    """Return what Slack's reply holds under this name; raise OddReplyError where it holds nothing of this type."""
    value = reply.get(name)
    if not isinstance(value, type_):
        told = f"Slack's reply holds no {name}"
        raise OddReplyError(told, status=reply.status_code, headers=reply.headers)
    return value


def was_shown(status: int, body: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a response_url took a message; raise OddReplyError where that is not known.

    Slack says `ok`, as a word or in JSON, or nothing; a refusal (the address is used up) is short or in JSON too.
    """
    told = _parsed(body.encode())
    if status >= SERVER_ERROR or status == TOO_MANY_REQUESTS or body.lstrip().startswith("<"):
        message = f"response_url answered {status}"
        raise OddReplyError(message, status=status, headers=headers)
    return status == OK and told.get("ok") is not False


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return for how many seconds Slack wants to be left alone, as a 429's headers tell it."""
    told = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    return min(float(told), LONGEST_WAIT_S) if told.isdecimal() else 1.0


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
