"""Catching up: what is read in Slack after an outage, and what is left."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.ledger import open_ledger
from bot.listeners import catch_up as catch_up_module
from bot.listeners.catch_up import CatchUp
from bot.listeners.messages import LastEvent, MessageListeners
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
        await self.ledger.outages.record_connected(BOT.team, last_event_ts=float(ts))
        await self.catch_up.note_outage()


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
        await scene.catch_up.look()
        await scene.catch_up.look()
        assert scene.worker.texts() == ["How is an index built?"]
        (entry,) = scene.worker.taken
        assert entry.question.is_late
        assert (entry.question.team, entry.question.ts) == (TEAM, open_)
        await scene.saw(before)
        await scene.catch_up.look()
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
        await scene.catch_up.look()
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
        await scene.catch_up.look()
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
        await scene.catch_up.look()
        assert scene.worker.texts() == ["How is a role made?"]

    play(act, hours=2)
    assert "more than 2 hours ago stays unanswered" in caplog.text


def test_it_may_be_turned_off(slack: SlackStandIn, play: Callable[..., None]) -> None:
    before = slack.say(SUPPORT, "good morning")
    slack.say(SUPPORT, "How is an index built?")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.catch_up.look()
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
        await scene.catch_up.look()
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
        await scene.catch_up.look()
        assert scene.worker.texts() == ["What is a shard?"]

    play(act)
    assert "A place can't be caught up on: not_in_channel" in caplog.text


def test_while_slack_stays_away_it_is_kept_for_later(
    slack: SlackStandIn, play: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up_module, "TRIES", 1)
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    slack.say(SUPPORT, "How is an index built?")
    slack.fail("conversations.history", Failure(status=503, body=b""))

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.catch_up.look()
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
        reading = asyncio.create_task(scene.catch_up.look())
        await scene.worker.is_full.wait()
        scene.worker.room = 3
        await reading
        assert len(scene.worker.taken) == 3

    play(act)


def test_a_busy_place_is_read_to_a_bound(
    slack: SlackStandIn, play: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(catch_up_module, "PAGE_SIZE", 2)
    monkeypatch.setattr(catch_up_module, "MOST_PAGES", 2)
    before = slack.say(SUPPORT, "good morning")
    slack.clock_s += 300
    for number in range(6):
        slack.say(SUPPORT, f"How is thing {number} built?")

    async def act(scene: Scene) -> None:
        await scene.saw(before)
        await scene.catch_up.look()
        assert scene.worker.texts() == [f"How is thing {number} built?" for number in (2, 3, 4, 5)]

    play(act)
    assert "the older ones are left" in caplog.text


def test_the_last_event_is_the_latest() -> None:
    last = LastEvent()
    for event in ({"ts": "5.0"}, {"event_ts": "9.5", "ts": "1.0"}, {"ts": "7.0"}, {}):
        last.saw(event)
    assert last.ts == 9.5
