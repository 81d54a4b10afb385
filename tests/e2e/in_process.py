"""This file is where the bot's real parts run in the test's own process: a test may shorten leases and patience."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import text

from bot.entrypoints.wiring import Parts
from bot.ledger import open_ledger
from bot.listeners.routing import build_app
from bot.settings import SlackSettings
from bot.slack.client import check_tokens, open_client
from bot.slack.sockets import stay_connected
from tests.standins.slack import APP_TOKEN, BOT_TOKEN

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from bot.jobs.worker import Workers
    from bot.ledger import Ledger
    from rag import Answerer
    from tests.fakes import FakeAnswerer
    from tests.standins.slack import SlackStandIn

T = TypeVar("T")
PATIENCE_S = 60.0
CUT_OFF_AFTER_S = 60.0


@dataclass(frozen=True)
class RunningParts:
    """Parts that run on a loop of another thread."""

    loop: asyncio.AbstractEventLoop
    ledger: Ledger
    workers: Workers

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine where the parts run."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the ledger says to an SQL statement."""

        async def work() -> list[tuple[Any, ...]]:
            async with self.ledger.database.engine.begin() as connection:
                result = await connection.execute(text(statement))
                return [tuple(row) for row in result] if result.returns_rows else []

        return self.run(work())


@contextmanager
def running_parts(
    slack: SlackStandIn, answerer: FakeAnswerer, url: str, *, lease_s: float = 15.0, **settings: object
) -> Iterator[RunningParts]:
    """Run all that `python -m bot` runs but the answerer, connected; `settings` are SlackSettings' fields."""
    more = {"slack_pace": 1_000, "questions_per_user": 0, "questions_per_channel": 0, **settings}
    tokens = {"slack_bot_token": BOT_TOKEN, "slack_app_token": APP_TOKEN, "slack_api_url": slack.api_url}
    read = SlackSettings.model_validate({**tokens, **more})
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    open_parts = _open(stack, read, cast("Answerer", answerer), url, lease_s)
    ledger, workers = asyncio.run_coroutine_threadsafe(open_parts, loop).result(PATIENCE_S)
    parts = RunningParts(loop, ledger, workers)
    try:
        slack.wait_until_connected()
        yield parts
    finally:
        parts.run(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _open(
    stack: AsyncExitStack, settings: SlackSettings, answerer: Answerer, url: str, lease_s: float
) -> tuple[Ledger, Workers]:
    client = await stack.enter_async_context(open_client(BOT_TOKEN, settings.slack_api_url))
    ledger = await stack.enter_async_context(open_ledger(url, lease_s=lease_s))
    identity = await check_tokens(client, APP_TOKEN)
    parts = Parts(slack=settings, client=client, ledger=ledger, answerer=answerer, identity=identity)
    workers = parts.workers()
    app = build_app(client, parts.listeners(workers), identity)
    chores = [
        asyncio.create_task(chore)
        for chore in (
            stay_connected(app, client, APP_TOKEN, exit_after_s=CUT_OFF_AFTER_S),
            workers.look_after(),
            parts.escalation.look_after(),
        )
    ]

    async def stop() -> None:
        await workers.drain(0.0)
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)

    stack.push_async_callback(stop)
    return ledger, workers
