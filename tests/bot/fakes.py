"""Fakes of the bot's parts: each remembers, and can be told to fail."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.answering.conversation import Conversation
from bot.answering.endings import GaveUp, Published
from bot.domain import SlackMessage
from bot.slack.errors import SlackRefusedError
from bot.text.wording import Wording, wording

if TYPE_CHECKING:
    from bot.answering.endings import Ending, Refused
    from bot.domain import BotIdentity, SlackQuestion, UnreadFile
    from bot.ledger import Entry, Ledger
    from bot.slack.files import FileText

WORDS = wording()


@dataclass
class FakeDestination:
    """A place that numbers its messages; the errors in `fails` come first, one a call."""

    messages: dict[str, SlackMessage] = field(default_factory=dict)
    already_posted: dict[int, str] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    retracted: list[str] = field(default_factory=list)
    undeletable: set[str] = field(default_factory=set)
    fails: deque[Exception] = field(default_factory=deque)
    count: int = 0

    async def post(self, message: SlackMessage, part: int) -> str:
        del part
        self._fail()
        self.count += 1
        ts = f"1700000100.{self.count:06d}"
        self.messages[ts] = message
        return ts

    async def rewrite(self, ts: str, message: SlackMessage, part: int) -> str:
        del part
        self._fail()
        self.messages[ts] = message
        return ts

    async def retract(self, ts: str) -> None:
        if ts in self.undeletable:
            raise SlackRefusedError("cant_delete_message")
        self.retracted.append(ts)
        self.messages.pop(ts, None)

    async def mark_replaced(self, ts: str, text: str) -> None:
        self.messages[ts] = SlackMessage(text=text, blocks=[])

    async def read_posted(self, bot: BotIdentity) -> dict[int, str]:
        assert bot.user
        return self.already_posted

    async def read_before(self, bot: BotIdentity) -> list[str]:
        assert bot.user
        return self.before

    async def read_unfinished(self, bot: BotIdentity) -> list[str]:
        assert bot.user
        return self.unfinished

    def texts(self) -> list[str]:
        return [message.text for message in self.messages.values()]

    def _fail(self) -> None:
        if self.fails:
            raise self.fails.popleft()


@dataclass
class FakeUsers:
    """Everybody reads English; `people` is what Slack knows of them."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def words(self, user: str) -> Wording:
        assert isinstance(user, str)
        return WORDS

    async def person(self, user: str) -> dict[str, Any]:
        return self.people.get(user, {})

    async def is_person(self, user: str) -> bool:
        return self.people.get(user, {}).get("is_bot") is False


@dataclass
class FakePlacing:
    """Every answer goes to one destination."""

    destination: FakeDestination
    error: Exception | None = None
    client: None = None

    async def place(self, entry: Entry) -> tuple[Entry, FakeDestination]:
        if self.error:
            raise self.error
        return entry, self.destination


@dataclass
class FakeConversations:
    conversation: Conversation = field(default_factory=Conversation)

    async def read(self, question: SlackQuestion) -> Conversation:
        assert question.thread_ts
        return self.conversation


@dataclass
class FakeSlackFiles:
    """Files by their ids; none may be read unless there are some."""

    texts: dict[str, FileText] = field(default_factory=dict)

    @property
    def is_allowed(self) -> bool:
        return bool(self.texts)

    async def read(self, file: UnreadFile) -> FileText | None:
        return self.texts.get(file.id)


@dataclass
class FakePersonCaller:
    told: str = ""
    called: list[str] = field(default_factory=list)

    async def call_person(self, entry: Entry) -> str:
        self.called.append(entry.question.text)
        return self.told


@dataclass
class FakeAdmission:
    refused: Refused | None = None

    async def refusal(self, entry: Entry) -> Refused | None:
        assert entry.tries
        return self.refused


@dataclass
class GermanAfterAdmission(FakeAdmission, FakeUsers):
    """Slack is slow to tell of the asker: admission waits for it, the words do not."""

    is_known: bool = False

    async def refusal(self, entry: Entry) -> Refused | None:
        assert entry.tries
        self.is_known = True
        return None

    async def words(self, user: str) -> Wording:
        assert user
        return wording("de-DE" if self.is_known else "")


@dataclass
class FakePolicy:
    refused: str = ""
    error: Exception | None = None

    async def refusal(self, user: str, *, channel: str) -> str:
        assert user
        assert channel
        if self.error:
            raise self.error
        return self.refused


@dataclass
class FakeRetractor:
    notices: list[int] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)

    async def retract_notice(self, entry: Entry) -> None:
        self.notices.append(entry.id)

    async def end_session(self, entry: Entry) -> None:
        self.sessions.append(entry.id)


@dataclass
class FakeCloser:
    """Remembers how questions ended, and who was told to wait; ends none in the ledger."""

    endings: list[Ending] = field(default_factory=list)
    waits: list[bool] = field(default_factory=list)
    queued: list[int] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def close(self, entry: Entry, ending: Ending) -> None:
        assert entry.id
        self.endings.append(ending)
        self.closed.set()

    async def keep_waiting(self, entry: Entry, *, docs_are_away: bool) -> None:
        assert entry.id
        self.waits.append(docs_are_away)

    async def show_queue(self, entry: Entry, *, before: int) -> None:
        assert entry.id
        self.queued.append(before)


@dataclass
class FakeHandler:
    """Answers, and finishes the question in the ledger; what is in `outcomes` comes first, an error is raised.

    With a `gate` it waits for that, after `begun` is set.
    """

    ledger: Ledger
    outcomes: deque[Exception] = field(default_factory=deque)
    gate: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    handled: list[int] = field(default_factory=list)
    stopped: list[bool] = field(default_factory=list)

    async def handle(self, entry: Entry, stop: asyncio.Event) -> Ending:
        self.handled.append(entry.id)
        self.begun.set()
        if self.outcomes:
            raise self.outcomes.popleft()
        if self.gate:
            await self.gate.wait()
        self.stopped.append(stop.is_set())
        return Published(entry=entry, outcome=None)


@dataclass
class FakeCleanup:
    late: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    buttons: list[int] = field(default_factory=list)
    is_stopped: bool = False

    def retract_late_messages(self, entry: Entry) -> None:
        self.late.append(entry.id)

    def retract_answer(self, entry: Entry, *, after: asyncio.Task[None] | None = None) -> None:
        del after
        self.answers.append(entry.id)

    def remove_regenerate_buttons(self, entry: Entry) -> None:
        self.buttons.append(entry.id)

    async def stop(self, within_s: float) -> None:
        assert within_s > 0
        self.is_stopped = True


def gave_up(endings: list[Ending]) -> list[tuple[str, str]]:
    """Return the sentences and reasons of those that were given up."""
    return [(ending.sentence, ending.reason) for ending in endings if isinstance(ending, GaveUp)]
