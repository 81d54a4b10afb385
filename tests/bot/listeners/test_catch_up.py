"""Catching up: what is read in Slack after an outage, and what is left."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.ledger import open_ledger
from bot.listeners import missed_messages
from bot.listeners.catch_up import CatchUp
from bot.listeners.messages import MessageListeners, SlackClock
from bot.listeners.parsing import MessageParser
from bot.slack.client import open_client, without_retries
from bot.slack.sockets import SocketState
from tests.bot.fakes import FakeUsers
from tests.builders import BOT
from tests.standins.slack import BOT_TOKEN, TEAM, Failure, SlackStandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from bot.jobs.worker import Worker
    from bot.ledger import Entry, Ledger
    from bot.slack.users import Users

SUPPORT = "C0SUPPORT"
COLLEAGUE = "U0COLLEAGUE"


@dataclass
class FakeWorker:
    """Takes what it is given; `room` many fit in."""

    taken: list[Entry] = field(default_factory=list)
    room: int = 1_000
    stopping: bool = False
    is_full: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def has_room(self) -> bool:
        return len(self.taken) < self.room

    def submit(self, entry: Entry) -> None:
        self.taken.append(entry)
        if not self.has_room:
            self.is_full.set()

    def texts(self) -> list[str]:
        return sorted(entry.question.text for entry in self.taken)


@dataclass
class Scene:
    """What catches up, and what was said before and in the outage."""

    slack: SlackStandIn
    ledger: Ledger
    worker: FakeWorker
    catch_up: CatchUp

    async def saw(self, ts: str) -> None:
        """Have this as the last event before the outage."""
        await self.ledger.outages.record_connected(BOT.team, seen_until_ts=float(ts))
        self.catch_up.is_noted = False
        await self.catch_up.note_outage()

    async def read(self) -> None:
        """Look, and read what was missed to the end."""
        await self.catch_up.look()
        if self.catch_up.reading:
            await self.catch_up.reading


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as server:
        server.join(SUPPORT)
        server.clock_s = -3_600
        yield server


@pytest.fixture
def play(slack: SlackStandIn, tmp_path: Path) -> Callable[..., None]:
    @asynccontextmanager
    async def scene(hours: float) -> AsyncIterator[Scene]:
        url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        async with open_client(BOT_TOKEN, slack.api_url) as client, open_ledger(url) as ledger:
            worker, parser = FakeWorker(), MessageParser(bot=BOT, support_channels={SUPPORT: "questions"})
            messages = MessageListeners(
                ledger=ledger,
                worker=cast("Worker", worker),
                parser=parser,
                users=cast("Users", FakeUsers()),
                mute=cast("Any", None),
            )
            state = SocketState(is_up=True)
            parts = {"ledger": ledger, "worker": worker, "messages": messages, "sockets": state, "hours": hours}
            yield Scene(slack, ledger, worker, CatchUp(client=without_retries(client), **cast("Any", parts)))

    def run(act: Callable[[Scene], Awaitable[None]], *, hours: float = 6) -> None:
        async def scenario() -> None:
            async with scene(hours) as one:
                await act(one)

        asyncio.run(scenario())

    return run


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
