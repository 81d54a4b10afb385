"""Outages: what is asked while no replica runs, and Slack delivers no more, is answered late, once."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from bot.text.wording import wording
from tests.e2e.bot_process import running_bot, settings_for
from tests.e2e.soaking import Replica
from tests.standins.milvus import running_server
from tests.standins.model import ModelStandIn
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUPPORT, CHANNEL, DIRECT = "C0SUPPORT", "C0CHANNEL", "D0ASKER"
COLLEAGUE = "U0COLLEAGUE"
LATE = wording().came_late
TEN_MINUTES_S = 600.0


@contextmanager
def running_replicas(folder: Path, settings: dict[str, str]) -> Iterator[None]:
    """Run two bots that start at once."""
    replicas = [Replica(folder / name, settings) for name in ("one", "two")]
    for replica in replicas:
        replica.start()
    yield
    for replica in replicas:
        replica.end(signal.SIGTERM)
    for replica in replicas:
        assert replica.process
        replica.process.wait(30)


class Team:
    """People who ask while nobody is there; each question has words of its own."""

    def __init__(self, slack: SlackStandIn) -> None:
        self.slack = slack
        self.asked: list[tuple[str, str, str]] = []
        """By channel and thread, what has to be answered there, once."""
        self.helped: list[tuple[str, str, str]] = []
        """What a person has answered."""

    def ask(self, channel: str, *, mention: bool = False, thread_ts: str | None = None, helped: bool = False) -> None:
        number = len(self.asked) + len(self.helped)
        text = f"How is thing {number} stored in Milvus?"
        say = self.slack.mention if mention else self.slack.say
        self.slack.clock_s += 20
        ts = say(channel, text, thread_ts=thread_ts)
        (self.helped if helped else self.asked).append((channel, thread_ts or ts, text))
        if helped:
            self.slack.say(channel, "in object storage", thread_ts=thread_ts or ts, user=COLLEAGUE)


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as server:
        server.people[COLLEAGUE] = {"team_id": "T0TEAM", "is_bot": False}
        server.clock_s = -2 * TEN_MINUTES_S
        server.redeliver_after_s = ()
        for channel in (SUPPORT, CHANNEL):
            server.join(channel)
        server.join(DIRECT, type_="im")
        yield server


@pytest.fixture
def model() -> Iterator[ModelStandIn]:
    with ModelStandIn() as server:
        yield server


def ask_while_it_runs(slack: SlackStandIn) -> list[str]:
    """Ask in a channel and directly; return the two threads of the channel."""
    threads = [slack.mention(CHANNEL, "How is data stored in Milvus?") for _ in range(2)]
    direct = slack.say(DIRECT, "How is data stored in Milvus?")
    for channel, ts in ((CHANNEL, threads[0]), (CHANNEL, threads[1]), (DIRECT, direct)):
        slack.wait_for_replies(channel, ts)
    return threads


def answers(slack: SlackStandIn, asked: list[tuple[str, str, str]]) -> list[int]:
    """Return how often each question was answered late."""
    return [sum(LATE in str(m.get("blocks")) for m in slack.replies(channel, ts)) for channel, ts, _ in asked]


def test_what_was_asked_in_an_outage_is_answered_once_by_two_replicas_that_start_at_once(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    with running_server(tmp_path) as (uri, _):
        ledger = f"sqlite:///{tmp_path / 'shared.sqlite3'}"
        settings = {**settings_for(slack, model, tmp_path), "MILVUS_URI": uri, "DATABASE_URL": ledger}
        settings |= {"SUPPORT_CHANNELS": SUPPORT}
        with running_bot(slack, tmp_path, settings) as bot:
            threads = ask_while_it_runs(slack)
            os.kill(bot.pid, signal.SIGKILL)
            bot.wait()
        slack.wait_for(lambda: not slack.sockets, "the end of its sockets")
        team, end = Team(slack), slack.clock_s + TEN_MINUTES_S
        new_thread = slack.say(CHANNEL, "a remark to begin with", user=COLLEAGUE)
        for number in range(15):
            channel = CHANNEL if number % 2 else DIRECT
            team.ask(SUPPORT, helped=number % 3 == 2)
            team.ask(channel, mention=channel == CHANNEL, helped=number in {3, 9, 11, 13})
        team.ask(CHANNEL, thread_ts=threads[0])
        team.ask(CHANNEL, mention=True, thread_ts=new_thread)
        team.ask(CHANNEL, mention=True, thread_ts=threads[1], helped=True)
        assert (len(team.asked), len(team.helped)) == (23, 10)
        slack.clock_s = max(slack.clock_s, end)
        with running_replicas(tmp_path, settings):
            slack.wait_for(lambda: min(answers(slack, team.asked)) == 1, "all answers")
            slack.wait_for_replies(CHANNEL, slack.mention(CHANNEL, "Is anything left?"))
        assert answers(slack, team.asked) == [1] * len(team.asked)
        assert answers(slack, team.helped) == [0] * len(team.helped)
