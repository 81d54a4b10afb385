"""Status: what is shown while an answer is made, and what is done without where Slack has none."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.posting.destinations import ThreadDestination
from bot.posting.status import StatusIndicator
from bot.slack.rate_limits import SlackRateLimits
from tests.builders import A_QUESTION
from tests.standins.slack import BOT_TOKEN, Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.standins.slack import SlackStandIn


@pytest.fixture
def channel(slack: SlackStandIn) -> str:
    return slack.new_channel()


def show(
    slack: SlackStandIn,
    channel: str,
    act: Callable[[StatusIndicator], Awaitable[None]],
    rate_limits: SlackRateLimits | None = None,
) -> None:
    async def run() -> None:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        destination = ThreadDestination(client=client, question=replace(A_QUESTION, channel=channel))
        await act(StatusIndicator(destination=destination, rate_limits=rate_limits or SlackRateLimits()))

    asyncio.run(run())


def calls(slack: SlackStandIn, channel: str) -> list[tuple[str, str]]:
    return [
        (call.method, call.arguments["status"])
        for call in slack.calls
        if call.arguments.get("channel_id") == channel and "status" in call.arguments
    ]


def test_a_status_and_a_stop_button_are_shown_and_the_button_goes_in_the_end(slack: SlackStandIn, channel: str) -> None:
    async def act(status: StatusIndicator) -> None:
        status.show("is searching…")
        assert status.showing
        await status.showing
        await status.end()

    show(slack, channel, act)
    assert calls(slack, channel) == [
        ("assistant.threads.setStatus", "is searching…"),
        ("agents.sessions.setStatus", "processing"),
        ("agents.sessions.setStatus", "active"),
    ]
    assert slack.sessions[channel, A_QUESTION.thread_ts] == "active"


def test_where_nothing_was_posted_the_status_is_taken_away_too(slack: SlackStandIn, channel: str) -> None:
    async def act(status: StatusIndicator) -> None:
        status.show("is searching…")
        assert status.showing
        await status.showing
        await status.end(was_posted=False)

    show(slack, channel, act)
    assert ("assistant.threads.setStatus", "") in calls(slack, channel)


def test_a_stream_that_ended_the_session_leaves_nothing_to_do(slack: SlackStandIn, channel: str) -> None:
    async def act(status: StatusIndicator) -> None:
        status.show("is searching…")
        assert status.showing
        await status.showing
        await status.end(session_ended=True)

    show(slack, channel, act)
    assert calls(slack, channel)[-1] == ("agents.sessions.setStatus", "processing")


def test_a_status_that_nobody_could_read_before_the_next_is_not_shown(slack: SlackStandIn, channel: str) -> None:
    async def act(status: StatusIndicator) -> None:
        status.show("is searching…")
        status.show("is reading…")
        assert status.showing
        await status.showing
        status.show("is thinking…")
        status.hide()  # the answer begins
        await status.end(session_ended=True)

    show(slack, channel, act)
    assert calls(slack, channel) == [
        ("assistant.threads.setStatus", "is reading…"),
        ("agents.sessions.setStatus", "processing"),
    ]


def test_a_status_whose_call_was_cut_off_is_taken_away(slack: SlackStandIn, channel: str) -> None:
    slack.fail("assistant.threads.setStatus", Failure(hang=True))

    async def act(status: StatusIndicator) -> None:
        status.show("is searching…")
        while slack.failures_left("assistant.threads.setStatus"):  # noqa: ASYNC110 - the stand-in runs in a thread
            await asyncio.sleep(0)
        await status.end(session_ended=True)

    show(slack, channel, act)
    assert calls(slack, channel)[-1] == ("assistant.threads.setStatus", "")


@pytest.mark.parametrize("error", ["unknown_method", "missing_scope", "internal_error"])
def test_what_slack_refuses_costs_the_answer_nothing_and_is_not_asked_for_again(
    slack: SlackStandIn, channel: str, error: str
) -> None:
    rate_limits = SlackRateLimits()
    slack.fail("assistant.threads.setStatus", Failure(error))

    async def act(status: StatusIndicator) -> None:
        await status.tell("is searching…")
        await status.tell("is reading…")

    show(slack, channel, act, rate_limits)
    is_refused = error != "internal_error"
    assert rate_limits.is_refused("status") == is_refused
    assert len(calls(slack, channel)) == (0 if is_refused else 1)
