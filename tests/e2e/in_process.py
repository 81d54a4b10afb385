"""The bot's real parts in the test's own process: a test may shorten leases and patience."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import text

from bot.entrypoints.wiring import open_bot
from bot.ledger import open_ledger
from bot.ledger.store import make_ledger
from bot.settings import SlackSettings
from tests.standins.slack import APP_TOKEN, BOT_TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy import Connection

    from bot.entrypoints.wiring import Bot
    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from rag import Answerer
    from tests.fakes import FakeAnswerer
    from tests.standins.slack import SlackStandIn

T = TypeVar("T")
PATIENCE_S = 60.0


@dataclass(frozen=True)
class RunningParts:
    """Parts that run on a loop of another thread."""

    loop: asyncio.AbstractEventLoop
    ledger: Ledger
    worker: Worker

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine where the parts run."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the ledger says to an SQL statement."""

        def work(connection: Connection) -> list[tuple[Any, ...]]:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

        return self.run(self.ledger.database.run(work))


@contextmanager
def running_parts(
    slack: SlackStandIn, answerer: FakeAnswerer, url: str, *, owner: str = "", lease_s: float = 15.0, **settings: object
) -> Iterator[RunningParts]:
    """Run all that `python -m bot` runs but the answerer, connected; `settings` are SlackSettings' fields.

    `owner` is the name of another process in the ledger.
    """
    more = {"slack_pace": 1_000, "questions_per_user": 0, "questions_per_channel": 0, **settings}
    tokens = {"slack_bot_token": BOT_TOKEN, "slack_app_token": APP_TOKEN, "slack_api_url": slack.api_url}
    read = SlackSettings.model_validate({**tokens, **more})
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ledger = _ledger(url, owner=owner, lease_s=lease_s)
    opening = _open(stack, open_bot(read, ledger=ledger, answerer=nullcontext(cast("Answerer", answerer))))
    bot = asyncio.run_coroutine_threadsafe(opening, loop).result(PATIENCE_S)
    parts = RunningParts(loop, bot.ledger, bot.worker)
    try:
        slack.wait_until_connected()
        yield parts
    finally:
        parts.run(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def _ledger(url: str, *, owner: str, lease_s: float) -> AsyncIterator[Ledger]:
    async with open_ledger(url, lease_s=lease_s) as ledger:
        yield make_ledger(ledger.database, owner=owner, lease_s=lease_s) if owner else ledger


async def _open(stack: AsyncExitStack, opening: AbstractAsyncContextManager[Bot]) -> Bot:
    bot = await stack.enter_async_context(opening)
    tasks = [asyncio.create_task(job()) for job in (bot.connect, *bot.jobs)]

    async def stop() -> None:
        await bot.worker.drain(0.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    stack.push_async_callback(stop)
    return bot
