"""Slack's failures: what another try may mend, what it can't, and what an operator is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.errors import (
    CannotPostError,
    RateLimitedError,
    SlackError,
    SlackRefusedError,
    SlackUnavailableError,
    slack_call,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def answered(error: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: str) -> SlackApiError:
    response = AsyncSlackResponse(
        client=AsyncWebClient(),
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data={"ok": False, "error": error or None, **more},
        headers=dict(headers or {}),
        status_code=status,
    )
    return SlackApiError("refused", response)  # type: ignore[no-untyped-call]


def translated(error: Exception) -> SlackError:
    with pytest.raises(SlackError) as caught, slack_call():
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answered("ratelimited", status=429, headers={"Retry-After": "7"}), RateLimitedError),
        (answered("rate_limited"), RateLimitedError),
        (answered("internal_error"), SlackUnavailableError),
        (answered("odd_news", status=503), SlackUnavailableError),
        (answered("not_in_channel"), CannotPostError),
        (answered("restricted_action_thread_locked"), CannotPostError),
        (answered("invalid_blocks"), SlackRefusedError),
        (aiohttp.ServerDisconnectedError(), SlackUnavailableError),
        (TimeoutError(), SlackUnavailableError),
        (ConnectionResetError(), SlackUnavailableError),
    ],
)
def test_each_failure_is_of_one_kind(error: Exception, kind: type[SlackError]) -> None:
    assert type(translated(error)) is kind


def test_slack_says_how_long_it_wants_to_be_left_alone() -> None:
    told = translated(answered("ratelimited", status=429, headers={"retry-after": "7"}))
    assert isinstance(told, RateLimitedError)
    assert told.retry_after_s == 7


def test_a_refusal_says_what_an_operator_can_do() -> None:
    told = translated(answered("missing_scope", needed="chat:write"))
    assert isinstance(told, CannotPostError)
    assert (told.code, told.needed, told.kind) == ("missing_scope", "chat:write", "scope")
    assert str(told) == "missing_scope (chat:write). Update the Slack app from manifest.yaml, and install it again."
    assert str(translated(answered("odd_news"))) == "odd_news."


def test_an_answer_without_slacks_word_is_known_by_its_status() -> None:
    told = translated(answered("", status=403))
    assert isinstance(told, SlackRefusedError)
    assert told.code == "HTTP 403"
