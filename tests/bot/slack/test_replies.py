"""Replies: only a JSON object with `ok` is Slack's word; what a gateway says in its place is a failure that passes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.slack.client import open_client
from bot.slack.errors import RateLimitedError, SlackRefusedError, SlackUnavailableError, slack_call
from bot.slack.replies import OddReplyError, field_of, was_shown
from tests.standins.slack import BOT_TOKEN, Failure

if TYPE_CHECKING:
    from tests.standins.slack import SlackStandIn

HTML, JSON, PLAIN = "text/html", "application/json", "text/plain"


def call_once(slack: SlackStandIn, failure: Failure) -> None:
    async def run() -> None:
        slack.fail("auth.test", failure)
        async with open_client(BOT_TOKEN, slack.api_url) as client:
            with slack_call():
                field_of(await client.auth_test(), "user_id", str)

    asyncio.run(run())


@pytest.mark.parametrize("status", [200, 404, 502, 503])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", JSON),
        ("", PLAIN),
        ("upstream connect error", PLAIN),
        ("<html>Please wait</html>", HTML),
        ("<html>Please wait</html>", JSON),
        ("[]", JSON),
        ("null", JSON),
        ('"ok"', JSON),
        ("{}", JSON),
        ('{"ok": "yes"}', JSON),
        ('{"ok": true, "user_', JSON),
        ("\ud83d", JSON),
    ],
)
def test_what_slack_has_not_said_is_a_failure_that_passes(
    slack: SlackStandIn, status: int, body: str, kind: str
) -> None:
    with pytest.raises(SlackUnavailableError) as caught:
        call_once(slack, Failure(status=status, body=body.encode("utf-8", "surrogatepass"), content_type=kind))
    assert not isinstance(caught.value, RateLimitedError)


@pytest.mark.parametrize(("body", "kind"), [("slow down", PLAIN), ("", HTML), ("<html></html>", JSON)])
def test_a_gateways_429_says_how_long_to_wait(slack: SlackStandIn, body: str, kind: str) -> None:
    with pytest.raises(RateLimitedError) as caught:
        call_once(slack, Failure(status=429, retry_after=7, body=body.encode(), content_type=kind))
    assert caught.value.retry_after_s == 7


def test_a_reply_that_lacks_what_was_asked_for_is_a_failure_that_passes(slack: SlackStandIn) -> None:
    with pytest.raises(SlackUnavailableError, match="holds no user_id"):
        call_once(slack, Failure(body=b'{"ok": true}', content_type=JSON))


def test_slacks_own_refusal_stays_one(slack: SlackStandIn) -> None:
    with pytest.raises(SlackRefusedError, match="odd_news"):
        call_once(slack, Failure(error="odd_news"))


@pytest.mark.parametrize("body", ["ok", '{"ok": true}', ""])
def test_a_response_url_says_that_it_took_a_message(body: str) -> None:
    assert was_shown(200, body, {})


@pytest.mark.parametrize(
    ("status", "body"), [(404, "used_url"), (404, ""), (400, '{"ok": false}'), (200, '{"ok": false, "error": "x"}')]
)
def test_a_response_url_refuses(status: int, body: str) -> None:
    assert not was_shown(status, body, {})


@pytest.mark.parametrize(("status", "body"), [(200, " <html>"), (403, "<html>"), (503, "busy"), (429, "slow down")])
def test_of_a_page_it_is_not_known_whether_a_response_url_took_the_message(status: int, body: str) -> None:
    with pytest.raises(OddReplyError):
        was_shown(status, body, {})
