"""The soak: two bots are asked for minutes while everything that they stand on fails by turns.

A short soak is a test (test_soak.py), a long one is `make soak`. Everything is on this machine's loopback.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.ledger import open_ledger
from tests.e2e.bot_process import environment, settings_for
from tests.e2e.soak_report import Asked, Fault, Report, answers_in, make_report, was_taken
from tests.standins.milvus import running_server
from tests.standins.model import ModelStandIn, Reply
from tests.standins.postgres import find_binaries, running_postgres
from tests.standins.slack import Failure, SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.standins.postgres import PostgresServer


TOPICS = ("data stored", "memory used", "an index built", "a collection loaded", "a vector deleted", "a query planned")
ANSWER = "Milvus keeps inserted data in object storage [1] and what it knows about it in etcd [1]. "
CHANNELS = 10
SOCKETS = 4
COMMAND_SHARE, DIRECT_SHARE, REDELIVERED_SHARE = 0.05, 0.15, 0.1
MODEL_FAILS_SHARE = 0.06
PAUSE_S, AWAY_S = 3.0, 1.0
PATIENCE_S = 90.0
POSTING = ("chat.postMessage", "chat.startStream", "chat.stopStream")
READING = ("conversations.replies", "users.info", "chat.update")
GATEWAY = b"upstream connect error"
ODD_FRAMES = ("[]", "null", "not JSON", '{"envelope_id": "1", "payload": null}', '{"type": "new"}', b"\x00\x01")
REDELIVER_AFTER_S = (3.0, 3.0, 3.0, 3.0, 3.0, 15.0, 30.0)
"""Slack delivers three times more, within six minutes. Here every socket of both bots dies every few seconds."""
TICK_S, LOOK_S = 0.01, 0.5


@dataclass
class Replica:
    """One of the bots, started again whenever it ends, as a supervisor does."""

    folder: Path
    settings: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "bot.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot"],
                cwd=self.folder,
                env=environment(**self.settings),
                stdout=log,
                stderr=log,
            )

    def end(self, signal_number: int) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal_number)

    def look_after(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.start()


@dataclass
class Soak:
    """A soak under way.

    Questions, faults and the model each draw from numbers of their own: with one seed, two soaks meet the same.
    """

    slack: SlackStandIn
    model: ModelStandIn
    milvus: subprocess.Popen[bytes]
    replicas: list[Replica]
    random: Random
    faults_random: Random
    model_random: Random
    postgres: PostgresServer | None
    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    later: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def ask(self) -> None:
        """Ask one question, in one of the ways there are."""
        number, topic = len(self.asked), self.random.choice(TOPICS)
        text, way = f"How is {topic} in Milvus? ({number})", self.random.random()
        now, sent = time.monotonic(), len(self.slack.envelopes)
        if way < COMMAND_SHARE:
            channel = f"C0SOAK{self.random.randrange(CHANNELS)}"
            envelope = self.slack.command(channel, text)
            self.asked.append(Asked(channel, f"command {envelope.payload['trigger_id']}", now, envelope))
        elif way < COMMAND_SHARE + DIRECT_SHARE:
            channel = f"D0SOAK{self.random.randrange(CHANNELS)}"
            self.asked.append(Asked(channel, self.slack.say(channel, text), now))
        else:
            channel = f"C0SOAK{self.random.randrange(CHANNELS)}"
            self.asked.append(Asked(channel, self.slack.mention(channel, text), now))
        if way > COMMAND_SHARE and self.random.random() < REDELIVERED_SHARE:
            envelope = self.slack.envelopes[sent]
            self.later.append((now + self.random.uniform(0, 8), partial(self.slack.redeliver, envelope)))

    def harm(self) -> None:
        """Do something to the bots or to what they stand on: each kind once, then one at random."""
        kinds: dict[str, Callable[[], float]] = {
            "SIGKILL of a bot": lambda: self._end_one(signal.SIGKILL),
            "TCP resets": lambda: self._at_once(self.slack.cut_connections),
            "Slack: 500, though posted": lambda: self._fail(Failure(status=500, after_work=True)),
            "handshakes refused": self._refuse_handshakes,
            "Slack: 429": lambda: self._fail(Failure("ratelimited", status=429, retry_after=1)),
            "Milvus stopped for 3 s": self._pause_milvus,
            "sockets silent": lambda: self._at_once(self.slack.silence_connections),
            "SIGTERM of a bot": lambda: self._end_one(signal.SIGTERM),
            "Slack: 500, not posted": lambda: self._fail(Failure(status=500)),
            "streams ended by Slack": lambda: self._at_once(self.slack.kill_streams),
            "a gateway: 503, plain text": lambda: self._fail(Failure(status=503, body=GATEWAY), *READING),
            "a gateway: 429, plain text": lambda: self._fail(Failure(status=429, body=GATEWAY, retry_after=1)),
            "odd frames": self._send_odd_frames,
            "updates refused": self._refuse_updates,
        }
        if self.postgres:
            kinds["PostgreSQL away for 1 s"] = partial(self._restart, self.postgres)
        number = len(self.faults)
        kind = list(kinds)[number] if number < len(kinds) else self.faults_random.choice(list(kinds))
        self.faults.append(Fault(kind, time.monotonic(), kinds[kind]()))

    def play(self) -> Reply:
        """Return what the model does with a request."""
        if self.model_random.random() > MODEL_FAILS_SHARE:
            return Reply(ANSWER * self.model_random.randint(1, 3), words_per_s=100)
        return self.model_random.choice(
            [Reply(ANSWER, break_off=True), Reply(status=500), Reply(status=429), Reply("")]
        )

    def tend(self) -> None:
        """Do what is due."""
        for replica in self.replicas:
            replica.look_after()
        now = time.monotonic()
        due = [action for at, action in self.later if at <= now]
        self.later = [(at, action) for at, action in self.later if at > now]
        for action in due:
            action()

    def _end_one(self, signal_number: int) -> float:
        self.faults_random.choice(self.replicas).end(signal_number)
        return 0.0

    def _at_once(self, action: Callable[[], None]) -> float:
        action()
        return 0.0

    def _refuse_handshakes(self) -> float:
        self.slack.refuse_handshakes(6)
        self.slack.cut_connections()
        return 0.0

    def _fail(self, failure: Failure, *more: str) -> float:
        for method in (*POSTING, *more):
            for _ in range(3):
                self.slack.fail(method, failure)
        return 0.0

    def _send_odd_frames(self) -> float:
        for frame in ODD_FRAMES:
            self.slack.send_frame(frame)
        return 0.0

    def _refuse_updates(self) -> float:
        """Let growing answers be posted anew: their streams end, and what stands there can't be changed."""
        for code in ("edit_window_closed", "cant_update_message", "msg_too_long"):
            self.slack.fail("chat.update", Failure(code))
        self.slack.kill_streams()
        return 0.0

    def _pause_milvus(self) -> float:
        self.milvus.send_signal(signal.SIGSTOP)
        self.later.append((time.monotonic() + PAUSE_S, lambda: self.milvus.send_signal(signal.SIGCONT)))
        return PAUSE_S

    def _restart(self, postgres: PostgresServer) -> float:
        postgres.stop()
        self.later.append((time.monotonic() + AWAY_S, postgres.start))
        return AWAY_S


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many questions are asked, how many a second, how often something fails; `ledger`: sqlite or postgresql."""

    questions: int
    rate: float
    fault_every_s: float
    ledger: str
    seed: int = 7


def run_soak(folder: Path, plan: Plan) -> Report:
    """Ask, harm, wait for what is left, and return what came of it."""
    with _soak(folder, plan) as (soak, url):
        begun = time.monotonic()
        next_fault = begun + plan.fault_every_s
        while len(soak.asked) < plan.questions:
            now = time.monotonic()
            soak.tend()
            if now >= begun + len(soak.asked) / plan.rate:
                soak.ask()
            if now >= next_fault:
                soak.harm()
                next_fault = now + plan.fault_every_s
            time.sleep(TICK_S)
        states, taken_over = _wait_for_the_rest(soak, url)
        took_s = time.monotonic() - begun
        return make_report(soak, ledger=plan.ledger, took_s=took_s, states=states, taken_over=taken_over)


@contextmanager
def _soak(folder: Path, plan: Plan) -> Iterator[tuple[Soak, str]]:
    with ExitStack() as stack:
        slack, model = stack.enter_context(SlackStandIn()), stack.enter_context(ModelStandIn())
        uri, milvus = stack.enter_context(running_server(folder))
        url, postgres = f"sqlite:///{folder / 'shared.sqlite3'}", None
        if plan.ledger == "postgresql":
            binaries = find_binaries()
            assert binaries, "there is no PostgreSQL here"
            postgres = stack.enter_context(running_postgres(binaries))
            url = postgres.url
        slack.messages_per_s = 1.0
        slack.redeliver_after_s = REDELIVER_AFTER_S
        for number in range(CHANNELS):
            slack.join(f"C0SOAK{number}")
            slack.join(f"D0SOAK{number}", type_="im")
        settings = {**settings_for(slack, model, folder), "MILVUS_URI": uri, "DATABASE_URL": url}
        replicas = [Replica(folder / name, settings) for name in ("one", "two")]
        questions, faults, answers = (Random(f"{plan.seed} {name}") for name in ("asked", "faults", "model"))  # noqa: S311
        soak = Soak(slack, model, milvus, replicas, questions, faults, answers, postgres)
        model.choose = soak.play
        stack.callback(_end, soak)
        replicas[0].start()  # alone: it takes in the starter FAQ
        slack.wait_until_connected()
        replicas[1].start()
        slack.wait_for(lambda: slack.count_open() == SOCKETS, "two sockets of each bot")
        yield soak, url


def _end(soak: Soak) -> None:
    soak.milvus.send_signal(signal.SIGCONT)
    for replica in soak.replicas:
        replica.end(signal.SIGTERM)
    for replica in soak.replicas:
        if replica.process:
            replica.process.wait(30)


def _wait_for_the_rest(soak: Soak, url: str) -> tuple[dict[str, int], int]:
    """Wait until every question is answered and closed, or nothing more comes for a long time; return _read's result.

    A closed question gets no second answer any more: who would post it has to write to the ledger first.
    """
    while soak.later:
        soak.tend()
        time.sleep(TICK_S)
    before, deadline = 0, time.monotonic() + PATIENCE_S
    while True:
        soak.tend()
        states, taken_over = asyncio.run(_read(url))
        answers = answers_in(soak)
        left = sum(not answers[asked.key] and was_taken(asked) for asked in soak.asked)
        left += states.get("accepted", 0) + states.get("answering", 0)
        if left != before:
            before, deadline = left, time.monotonic() + PATIENCE_S
        if not left or time.monotonic() > deadline:
            return states, taken_over
        time.sleep(LOOK_S)


async def _read(url: str) -> tuple[dict[str, int], int]:
    """Return how many questions are in each state, and how many more than one process took up."""
    async with open_ledger(url) as ledger:
        taken_over = await ledger.database.scalar(text("SELECT count(*) FROM questions WHERE attempts > 1"))
        states = await ledger.database.rows(text("SELECT state, count(*) AS number FROM questions GROUP BY state"))
        return {row.state: row.number for row in states}, int(taken_over)
