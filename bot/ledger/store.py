"""The ledger: a SQLite file, or PostgreSQL where several replicas share it, with a repository for each kind of row."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.ledger.repositories.deletion import Deletion
from bot.ledger.repositories.escalations import Escalations
from bot.ledger.repositories.feedback import Feedback
from bot.ledger.repositories.outages import Outages
from bot.ledger.repositories.personal_data import PersonalData
from bot.ledger.repositories.questions import LEASE_S, Questions
from bot.ledger.repositories.reporting import Reporting
from bot.ledger.repositories.revisions import Revisions
from bot.ledger.repositories.threads import Threads
from bot.ledger.repositories.usage import Usage
from bot.ledger.storage.address import read_address
from bot.ledger.storage.database import Database
from bot.ledger.storage.opening import check_that_it_exists, connect, prepare
from bot.ledger.storage.processes import this_process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the bot keeps on disk."""

    database: Database
    questions: Questions
    revisions: Revisions
    deletion: Deletion
    threads: Threads
    usage: Usage
    feedback: Feedback
    escalations: Escalations
    outages: Outages
    reporting: Reporting
    personal_data: PersonalData

    def waiting(self) -> Ledger:
        """Return the same ledger for whoever has time: what Slack waits for goes first."""
        return make_ledger(self.database.waiting(), owner=self.questions.owner, lease_s=self.questions.lease_s)


@asynccontextmanager
async def open_ledger(url: str, *, lease_s: float = LEASE_S, must_exist: bool = False) -> AsyncIterator[Ledger]:
    """Open the ledger at an SQLAlchemy address (`sqlite:///…`, `postgresql://…`); raise LedgerError when it can't be.

    `lease_s` is how long a question stays with a process that gives no sign of life. A SQLite file is made where there
    is none, unless it `must_exist`.
    """
    address = read_address(url)
    if must_exist:
        check_that_it_exists(address)
    transactions = connect(address)
    try:
        await prepare(transactions, address.shown)
        yield make_ledger(Database(transactions), owner=this_process(), lease_s=lease_s)
    finally:
        await transactions.close()


def make_ledger(database: Database, *, owner: str, lease_s: float) -> Ledger:
    """Return a ledger in an open database; `owner` is this process' name in it."""
    questions = Questions(database=database, owner=owner, lease_s=lease_s)
    return Ledger(
        database=database,
        questions=questions,
        revisions=Revisions(database, questions),
        deletion=Deletion(database, questions),
        threads=Threads(database),
        usage=Usage(database),
        feedback=Feedback(database),
        escalations=Escalations(database),
        outages=Outages(database, questions),
        reporting=Reporting(database, owner),
        personal_data=PersonalData(database),
    )
