"""A week's questions in a ledger, public and private ones, and who makes a report of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain import MessageRef, SlackMessage, SlackQuestion
from bot.ledger import Outcome, State, open_ledger
from bot.operations.report.figures import Reporter
from bot.slack.channels import Channels
from bot.slack.client import open_client
from rag.backends.embedding import open_bundled
from tests.standins.slack import BOT_TOKEN, TEAM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.domain import Origin
    from bot.ledger import Ledger
    from tests.standins.slack import SlackStandIn

WORKSPACE = "https://team.slack.com/"
PUBLIC, PRIVATE, REPORTS = "C0PUBLIC", "C0PRIVATE", "C0REPORTS"
DAY_S = 86_400.0


@dataclass
class Week:
    """A ledger that is filled question by question."""

    ledger: Ledger
    reporter: Reporter
    number: int = 0

    async def ask(
        self,
        text: str,
        *,
        channel: str = PUBLIC,
        origin: Origin = "mention",
        in_thread: bool = True,
        end: State = State.ANSWERED,
    ) -> MessageRef:
        """Accept a question and end it."""
        self.number += 1
        ts = f"1790000000.{self.number:06d}"
        question = SlackQuestion(
            team=TEAM,
            channel=channel,
            ts=ts,
            thread_ts=ts if in_thread else "",
            user=f"U{self.number % 7}",
            text=text,
            origin=origin,
        )
        entry = await self.ledger.questions.accept(question)
        assert entry
        entry = await self.ledger.questions.start_attempt(entry)
        kind = "abstained" if end is State.ABSTAINED else "grounded"
        entry = await self.ledger.questions.record_answer(entry, [citing("Indexes")], Outcome(kind=kind))
        await self.ledger.questions.finish(entry, end)
        return question.ref

    async def report(self, *, days: float = 7) -> str:
        """Return all formats of a report, one behind the other."""
        from bot.operations.report.rendering import FORMATS, as_message  # noqa: PLC0415 - beside its one use

        now = await self.ledger.reporting.time() + 1
        made = await self.reporter.report(since=now - days * DAY_S, until=now)
        message = as_message(made)
        return "\n".join([*(form(made) for form in FORMATS.values()), message.text, str(message.blocks)])


def citing(title: str) -> SlackMessage:
    """Return an answer that cites one page."""
    link = {"type": "link", "url": f"https://milvus.io/docs/{title.lower()}.md#HNSW", "text": f"{title} > HNSW"}
    number = {"type": "text", "text": "[1] ", "style": {"bold": True}}
    section = {"type": "rich_text_section", "elements": [number, link]}
    return SlackMessage(text="It is so [1].", blocks=[{"type": "rich_text", "elements": [section]}])


@asynccontextmanager
async def a_week(slack: SlackStandIn, folder: Path) -> AsyncIterator[Week]:
    """Open an empty ledger, and a reporter that asks Slack which channels are public."""
    slack.scopes.add("channels:read")
    slack.join(PUBLIC)
    slack.join(PRIVATE, type_="group")
    slack.join(REPORTS, type_="group")
    async with (
        open_ledger(f"sqlite:///{folder / 'ledger.sqlite3'}") as ledger,
        open_client(BOT_TOKEN, slack.api_url) as client,
    ):
        reporter = Reporter(
            reporting=ledger.reporting,
            rule=Channels(client),
            encode=open_bundled().encode_queries,
            workspace=WORKSPACE,
            report_channel=REPORTS,
        )
        yield Week(ledger, reporter)
