"""Missed messages: what is read in Slack after an outage, what is taken late, and what is left."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from bot.listeners import missed_messages
from tests.bot.listeners.catch_up_scene import COLLEAGUE, SUPPORT, Scene
from tests.builders import BOT
from tests.standins.slack import TEAM, Failure, SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Callable


def test_what_nobody_has_answered_is_taken_once_and_late(slack: SlackStandIn, play: Callable[..., None]) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    open_ = slack.say(SUPPORT, "How is an index built?")
    slack.say(SUPPORT, "I also tried HNSW", thread_ts=open_)
    helped = slack.say(SUPPORT, "How is a role made?")
    slack.say(SUPPORT, "by create_role", thread_ts=helped, user=COLLEAGUE)
    slack.say(SUPPORT, "good morning")
    slack.say(SUPPORT, "an alert?", user=None, subtype="bot_message", bot_id="B1")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        await scene.read()
        assert scene.worker.texts() == ["How is an index built?"]
        (entry,) = scene.worker.taken
        assert entry.question.is_late
        assert (entry.question.team, entry.question.ts) == (TEAM, open_)
        await scene.saw(before)
        await scene.read()
        assert len(scene.worker.taken) == 1, "it stands in the ledger"

    play(act)


def test_places_where_it_was_asked_before_are_read_too(slack: SlackStandIn, play: Callable[..., None]) -> None:
    channel, direct = slack.new_channel(), slack.direct()
    thread = slack.mention(channel, "How is data stored?")
    asked = slack.say(direct, "How is data stored?")
    slack.clock_s += 300
    slack.say(channel, "And how is it indexed?", thread_ts=thread)
    slack.mention(channel, "What is a segment?")
    slack.say(channel, "What is this?")  # to people
    slack.say(direct, "What is a shard?")
    other = slack.join("D0OTHER", type_="im")
    slack.say(other, "What is etcd?")
    slack.scopes.add("im:read")

    async def act(scene: Scene) -> None:
        for place, ts in ((channel, thread), (direct, asked)):
            event = next(m for m in slack.channels[place].messages if m["ts"] == ts)
            read = await scene.catch_up.messages.read({**event, "channel": place, "channel_type": "im"})
            assert await scene.ledger.questions.accept(read)  # type: ignore[arg-type]
        await scene.saw(asked)
        await scene.read()
        assert scene.worker.texts() == [
            "And how is it indexed?",
            "What is a segment?",
            "What is a shard?",
            "What is etcd?",
        ]

    play(act)


def test_what_was_edited_meanwhile_is_asked_as_it_stands(slack: SlackStandIn, play: Callable[..., None]) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    slack.edit(SUPPORT, slack.say(SUPPORT, "hm"), "How is an index built?")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        (entry,) = scene.worker.taken
        assert entry.question.text == "How is an index built?"
        assert entry.question.edited_ts

    play(act)


@pytest.mark.parametrize(
    "failures",
    [
        [Failure("ratelimited", status=429, retry_after=0)] * 2,
        [Failure(status=503, body=b"upstream connect error")],
        [Failure("internal_error", after_work=True)],
    ],
    ids=["rate limited", "a gateway", "a lost reply"],
)
def test_what_passes_is_waited_for(slack: SlackStandIn, play: Callable[..., None], failures: list[Failure]) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    slack.say(SUPPORT, "How is an index built?")
    for failure in failures:
        slack.fail("conversations.history", failure)

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert len(scene.worker.taken) == 1

    play(act)


def test_a_place_that_is_not_shown_does_not_hide_the_others(
    slack: SlackStandIn, play: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    slack.fail("conversations.history", Failure("not_in_channel"))
    slack.say(slack.direct(), "What is a shard?")
    slack.scopes.add("im:read")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert scene.worker.texts() == ["What is a shard?"]

    play(act)
    assert "A place can't be caught up on: not_in_channel" in caplog.text


def test_more_than_the_bot_has_hands_for_wait(slack: SlackStandIn, play: Callable[..., None]) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    for number in range(3):
        slack.say(SUPPORT, f"How is thing {number} built?")

    async def act(scene: Scene) -> None:
        scene.worker.room = 2
        await scene.saw(before)
        reading = asyncio.create_task(scene.read())
        await scene.worker.is_full.wait()
        scene.worker.room = 3
        await reading
        assert len(scene.worker.taken) == 3

    play(act)


def test_a_busy_place_is_read_to_a_bound(
    slack: SlackStandIn, play: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(missed_messages, "PAGE_SIZE", 2)
    monkeypatch.setattr(missed_messages, "MOST_PAGES", 2)
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    for number in range(6):
        slack.say(SUPPORT, f"How is thing {number} built?")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert scene.worker.texts() == [f"How is thing {number} built?" for number in (2, 3, 4, 5)]

    play(act)
    assert "1 places left" in caplog.text


def test_people_who_ask_the_bot_in_one_thread_do_not_answer_each_other(
    slack: SlackStandIn, play: Callable[..., None]
) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    first = slack.mention(SUPPORT, "How is an index built?")
    slack.mention(SUPPORT, "And how is it dropped?", thread_ts=first, user=COLLEAGUE)

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert scene.worker.texts() == ["And how is it dropped?", "How is an index built?"]

    play(act)


def test_what_the_bot_says_to_others_is_no_answer(slack: SlackStandIn, play: Callable[..., None]) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    asked = slack.say(SUPPORT, "How is an index built?")
    answered = slack.say(SUPPORT, "How is a role made?")
    for event, question, ts in (("milvusfaq_notice", asked, asked), ("milvusfaq_answer", answered, answered)):
        metadata = {"event_type": event, "event_payload": {"question": question, "part": 0}}
        slack.say(SUPPORT, "so", thread_ts=ts, user="U0BOT", bot_id="B0BOT", metadata=metadata)

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert scene.worker.texts() == ["How is an index built?"]

    play(act)


def test_a_reply_that_was_sent_to_the_channel_as_well_is_read_with_its_thread(
    slack: SlackStandIn, play: Callable[..., None]
) -> None:
    root = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    asked = slack.mention(SUPPORT, "How is an index built?", thread_ts=root, subtype="thread_broadcast")
    slack.say(SUPPORT, "by create_index", thread_ts=root, user=COLLEAGUE)

    async def act(scene: Scene) -> None:
        await scene.saw(root)
        await scene.read()
        assert scene.worker.taken == []
        assert asked

    play(act)


@pytest.mark.parametrize(
    "odd",
    [
        {"blocks": [{"type": "rich_text", "elements": [None]}], "text": ""},
        {"edited": True},
        {"attachments": "x", "files": [None]},
        {"user": ["U1"]},
    ],
)
def test_an_odd_message_costs_nobody_else_their_answer(
    slack: SlackStandIn, play: Callable[..., None], odd: dict[str, Any]
) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    slack.channels[SUPPORT].messages.append({"ts": slack.new_ts(), "user": "U1", "text": "why?", **odd})
    slack.say(SUPPORT, "How is an index built?")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert "How is an index built?" in scene.worker.texts()
        assert not await scene.ledger.outages.renew(BOT.team), "it is over"

    play(act)


@pytest.mark.parametrize("body", [b'{"ok": true}', b'{"ok": true, "messages": 3}'])
def test_a_reply_without_messages_is_tried_again(slack: SlackStandIn, play: Callable[..., None], body: bytes) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    slack.say(SUPPORT, "How is an index built?")
    slack.fail("conversations.history", Failure(body=body, content_type="application/json"))

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.read()
        assert len(scene.worker.taken) == 1

    play(act)
