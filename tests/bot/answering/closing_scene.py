"""A closer with fakes around it, on a real ledger."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from slack_sdk.web.async_client import AsyncWebClient

from bot.answering.closing import QuestionCloser
from bot.domain import SlackMessage
from bot.ledger import Outcome, State, open_ledger
from bot.posting.publishing import AnswerPublisher
from bot.slack.rate_limits import SlackRateLimits
from tests.bot.fakes import FakeDestination, FakePlacing, FakePolicy, FakeRetractor, FakeUsers
from tests.builders import BOT
from tests.standins.slack import BOT_TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.domain import SlackQuestion
    from bot.ledger import Entry, Ledger
    from bot.slack.users import Users
    from tests.standins.slack import SlackStandIn


MESSAGES = [SlackMessage(text="It is kept in object storage.", blocks=[])]


@dataclass
class Scene:
    """A closer with a question that is worked on."""

    ledger: Ledger
    closer: QuestionCloser
    entry: Entry
    destination: FakeDestination
    retractor: FakeRetractor

    async def state(self) -> tuple[State, str]:
        state, _ = await self.ledger.questions.current(self.entry)
        row = await self.ledger.database.run(
            lambda connection: connection.exec_driver_sql("SELECT reason FROM questions").scalar_one()
        )
        return state, str(row)


@asynccontextmanager
async def scene_in(
    folder: Path,
    slack: SlackStandIn,
    question: SlackQuestion,
    *,
    policy: FakePolicy | None = None,
    place_error: Exception | None = None,
) -> AsyncIterator[Scene]:
    async with open_ledger(f"sqlite:///{folder / 'ledger.sqlite3'}") as ledger:
        entry = await ledger.questions.accept(question)
        assert entry
        destination, retractor = FakeDestination(), FakeRetractor()
        parts: dict[str, Any] = {
            "client": AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url),
            "ledger": ledger,
            "users": FakeUsers(),
            "rate_limits": SlackRateLimits(),
            "policy": policy or FakePolicy(),
            "placing": FakePlacing(destination, place_error),
            "publisher": AnswerPublisher(ledger, BOT, cast("Users", FakeUsers())),
            "retractor": retractor,
            "bot": BOT,
        }
        closer = QuestionCloser(**parts)
        yield Scene(ledger, closer, await ledger.questions.start_attempt(entry), destination, retractor)


def told_alone(slack: SlackStandIn, scene: Scene) -> list[str]:
    return [said["text"] for said in slack.private if said.get("channel") == scene.entry.question.channel]


async def answered_anew(scene: Scene) -> Entry:
    """Let a question have an answer, and be attempted again."""
    entry = await scene.ledger.questions.record_answer(scene.entry, MESSAGES, Outcome(kind="grounded"))
    await scene.ledger.questions.finish(replace(entry, posted={0: "1.1"}), State.ANSWERED)
    again = await scene.ledger.revisions.regenerate(entry.question.ref, style="longer")
    assert again
    return await scene.ledger.questions.start_attempt(again)
