"""Rate limits: optional calls stay below what Slack promises, and refusals are remembered."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.rate_limits import PER_MINUTE, REMEMBERED_S, SlackRateLimits


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_past_the_budget_answers_are_posted_whole_and_streams_come_back_with_time() -> None:
    clock = Clock()
    rate_limits = SlackRateLimits(clock=clock)
    chosen = [rate_limits.choose("C1") for _ in range(30)]
    assert chosen == ["stream"] * 10 + ["whole"] * 20
    clock.now += 3.1  # a twentieth of a minute brings one back
    assert [rate_limits.choose("C1"), rate_limits.choose("C1")] == ["stream", "whole"]


def test_in_any_minute_there_are_no_more_calls_than_one_and_a_half_times_what_slack_promises() -> None:
    clock = Clock()
    rate_limits = SlackRateLimits(clock=clock)
    made = 0
    for _ in range(600):
        made += rate_limits.may("append")
        clock.now += 0.1
    assert PER_MINUTE["append"] <= made <= 1.5 * PER_MINUTE["append"]


def test_fifty_who_ask_at_once_all_see_a_status_and_none_a_second_one() -> None:
    rate_limits = SlackRateLimits(clock=Clock())
    second = [rate_limits.may("status", leave=0.5) for _ in range(30)]
    assert second == [True] * 25 + [False] * 5
    rate_limits = SlackRateLimits(clock=Clock())
    assert [rate_limits.may("status") for _ in range(60)].count(True) == 50
    assert not rate_limits.may("status", leave=0.5)


def test_a_pace_multiplies_the_budgets() -> None:
    rate_limits = SlackRateLimits(pace=2, clock=Clock())
    assert [rate_limits.choose("C1") for _ in range(21)].count("stream") == 20


def test_a_refusal_holds_for_its_kind_of_channel_or_everywhere_and_for_an_hour() -> None:
    clock = Clock()
    rate_limits = SlackRateLimits(clock=clock)
    rate_limits.refuse("stream", channel="G1")
    assert (rate_limits.choose("G2"), rate_limits.choose("C1")) == ("update", "stream")
    rate_limits.refuse("stream")
    assert rate_limits.choose("C1") == "update"
    clock.now += REMEMBERED_S + 1
    assert rate_limits.choose("C1") == "stream"
