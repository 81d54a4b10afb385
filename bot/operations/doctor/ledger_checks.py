"""The ledger: its version, its size, what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ledger import LedgerError
from bot.ledger.inspection import inspect_ledger
from bot.operations.doctor.finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MEGABYTE = 1_000_000
MANY_OPEN = 100


async def check_ledger(url: str) -> AsyncIterator[Finding]:
    """Yield what the ledger holds; it is neither made nor migrated for that."""
    try:
        facts = await inspect_ledger(url)
    except LedgerError as error:
        message = str(error)
        if message.startswith("There is no ledger"):
            yield warn("ledger", message.partition(". ")[0], "The first start makes it; else check DATABASE_URL.")
        else:
            yield fail("ledger", message, "See docs/operating.md, or set DATABASE_URL to another one.")
        return
    told = f"{facts.dialect}, version {facts.version}"
    if facts.version < facts.current:
        do = f"The next start migrates it to {facts.current}: make a copy before (docs/operating.md)."
        yield warn("ledger", f"{told}, of an older milvusfaq", do)
        return
    if facts.version > facts.current:
        yield fail("ledger", f"{told}, of a newer milvusfaq", "Install that one again.")
        return
    yield ok("ledger", f"{told}, {facts.totals.bytes / MEGABYTE:.1f} MB")
    opened = f"{facts.totals.open_questions} open questions, {facts.totals.open_escalations} open calls for a person"
    if facts.totals.open_questions > MANY_OPEN:
        yield warn("questions", opened, "See the first failure of this list: they wait for something.")
    else:
        yield ok("questions", f"{opened}, {facts.totals.tokens_today} tokens today")
