"""The scene in which endings are played."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.bot.answering.closing_scene import Scene, scene_in
from tests.builders import A_QUESTION
from tests.standins.slack import ASKER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.domain import SlackQuestion
    from tests.standins.slack import SlackStandIn


@pytest.fixture
def play(slack: SlackStandIn, tmp_path: Path) -> Callable[..., None]:
    channel = slack.new_channel()
    asked = replace(A_QUESTION, channel=channel, user=ASKER)

    def run(act: Callable[[Scene], Awaitable[None]], *, question: SlackQuestion = asked, **more: Any) -> None:
        async def scenario() -> None:
            placed = replace(question, channel=channel, user=ASKER)
            async with scene_in(tmp_path, slack, placed, **more) as scene:
                await act(scene)

        asyncio.run(scenario())

    return run
