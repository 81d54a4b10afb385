"""Catching up: when an outage is noted, how far back it is read, and when that ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.listeners import missed_messages
from bot.listeners.messages import SlackClock
from tests.bot.listeners.catch_up_scene import SUPPORT, Scene
from tests.builders import BOT
from tests.standins.slack import Failure, SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def test_what_is_too_old_stays_and_the_log_says_so(
    slack: SlackStandIn, play: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    slack.clock_s = -10 * 3_600
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    slack.say(SUPPORT, "How is an index built?")
    slack.clock_s = -3_600
    slack.say(SUPPORT, "How is a role made?")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert scene.worker.texts() == ["How is a role made?"]

    play(act, hours=2)
    assert "stay unread: CATCH_UP_HOURS is 2" in caplog.text


def test_it_may_be_turned_off(slack: SlackStandIn, play: Callable[..., None]) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.say(SUPPORT, "How is an index built?")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert scene.worker.taken == []

    play(act, hours=0)


def test_while_slack_stays_away_it_is_kept_for_later(
    slack: SlackStandIn, play: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed_messages, "TRIES", 1)
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    slack.say(SUPPORT, "How is an index built?")
    slack.fail("conversations.history", Failure(status=503, body=b""))

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert scene.worker.taken == []
        assert await scene.ledger.outages.renew(BOT.team), "it is still to be caught up on"

    play(act)


def test_a_token_that_slack_takes_no_more_is_no_place_that_is_gone(
    slack: SlackStandIn, play: Callable[..., None]
) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.fail("conversations.history", Failure("token_revoked"))

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert await scene.ledger.outages.renew(BOT.team), "it is still to be caught up on"

    play(act)


def test_what_is_unexpected_ends_the_reading_not_the_bot(
    slack: SlackStandIn, play: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: object) -> None:
        message = "a mistake"
        raise RuntimeError(message)

    monkeypatch.setattr(missed_messages.MissedMessages, "take_all", fail)
    before = slack.say(SUPPORT, "good morning")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert not await scene.ledger.outages.renew(BOT.team), "the next start does not fail on it again"

    play(act)
    assert "given up: a mistake of its own" in caplog.text


def test_sockets_that_were_away_begin_an_outage_where_they_were_last_up(
    slack: SlackStandIn, play: Callable[..., None]
) -> None:
    before = slack.say(SUPPORT, "good morning")
    missed = slack.say(SUPPORT, "How is an index built?")
    later = slack.say(SUPPORT, "good evening")

    async def act(scene: Scene) -> None:
        catch_up = scene.catch_up
        catch_up.messages.clock.saw({"ts": before})
        await scene.read()
        assert scene.worker.taken == []
        catch_up.sockets.is_up = False
        await scene.read()
        catch_up.last_up -= 3_600
        catch_up.seen_until = float(before)
        catch_up.sockets.is_up = True
        catch_up.messages.clock.saw({"ts": later})  # comes before anybody has looked
        await scene.read()
        assert [entry.question.ts for entry in scene.worker.taken] == [missed]

    play(act)


def test_slacks_clock_goes_on_between_events_and_late_ones_say_nothing_new() -> None:
    clock = SlackClock()
    assert clock.now() == 0.0
    clock.begin(5.0)
    for event in ({"ts": "7.0"}, {"event_ts": "1000.5", "ts": "1.0"}, {"ts": "9.0"}, {}, {"ts": "abc"}):
        clock.saw(event)
    clock.begin(2_000.0)
    assert 1000.5 <= clock.now() < 1100
