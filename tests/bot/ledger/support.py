"""What the tests of the ledger share."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.domain import SlackMessage
from bot.ledger import Ledger, Outcome, open_ledger
from bot.ledger.store import make_ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


MESSAGES = [SlackMessage(text="one", blocks=[{"type": "divider"}]), SlackMessage(text="two", blocks=[])]
OUTCOME = Outcome(
    kind="grounded",
    passages=(("p1", 0.8, "2.4"),),
    versions={"model": "mistral-7b"},
    times={"search": 0.02},
    tokens=(900, 120),
)


TABLES = (
    *("feedback", "escalations", "muted_threads", "past_answers", "questions", "replicas", "outages"),
    *("token_usage", "reports", "audit"),
)


async def empty(url: str) -> None:
    async with open_ledger(url) as ledger:
        for table in TABLES:
            await ledger.database.changed(text(f"DELETE FROM {table}"))  # noqa: S608 - names from above


@asynccontextmanager
async def two_replicas(url: str) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Open the ledger twice; the second is another process on another machine, as far as the first can see."""
    async with open_ledger(url) as one, open_ledger(url) as two:
        yield one, owned_by("elsewhere/1/x", two)


def owned_by(owner: str, ledger: Ledger) -> Ledger:
    """Return the same ledger for another process."""
    return make_ledger(ledger.database, owner=owner, lease_s=ledger.questions.lease_s)


async def run_out_of_time(ledger: Ledger) -> None:
    await ledger.database.changed(text("UPDATE questions SET lease_until = lease_until - 16"))


async def row(ledger: Ledger) -> dict[str, object]:
    (found,) = await ledger.database.rows(text("SELECT * FROM questions"))
    return found._asdict()
