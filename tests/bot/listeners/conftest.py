"""The scene of an outage, an hour ago by Slack's clock."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.ledger import open_ledger
from bot.listeners.catch_up import CatchUp
from bot.listeners.messages import MessageListeners
from bot.listeners.parsing import MessageParser
from bot.slack.client import open_client, without_retries
from bot.slack.sockets import SocketState
from tests.bot.fakes import FakeUsers
from tests.bot.listeners.catch_up_scene import SUPPORT, FakeWorker, Scene
from tests.builders import BOT
from tests.standins.slack import BOT_TOKEN, SlackStandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from bot.jobs.worker import Worker
    from bot.slack.users import Users


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as server:
        server.join(SUPPORT)
        server.clock_s = -3_600
        yield server


@pytest.fixture
def play(slack: SlackStandIn, tmp_path: Path) -> Callable[..., None]:
    @asynccontextmanager
    async def scene(hours: float) -> AsyncIterator[Scene]:
        url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        async with open_client(BOT_TOKEN, slack.api_url) as client, open_ledger(url) as ledger:
            worker, parser = FakeWorker(), MessageParser(bot=BOT, support_channels={SUPPORT: "questions"})
            messages = MessageListeners(
                ledger=ledger,
                worker=cast("Worker", worker),
                parser=parser,
                users=cast("Users", FakeUsers()),
                mute=cast("Any", None),
            )
            state = SocketState(is_up=True)
            parts = {"ledger": ledger, "worker": worker, "messages": messages, "sockets": state, "hours": hours}
            yield Scene(slack, ledger, worker, CatchUp(client=without_retries(client), **cast("Any", parts)))

    def run(act: Callable[[Scene], Awaitable[None]], *, hours: float = 6) -> None:
        async def scenario() -> None:
            async with scene(hours) as one:
                await act(one)

        asyncio.run(scenario())

    return run
