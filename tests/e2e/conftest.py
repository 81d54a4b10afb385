"""The running bot of a test module, and the channels in which it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.bot_process import running_bot, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    """Give what the module's bot is set to beside the usual: a module may have its own."""
    return {}


@pytest.fixture(scope="module")
def folder(
    slack: SlackStandIn, model: ModelStandIn, tmp_path_factory: pytest.TempPathFactory, more_settings: dict[str, str]
) -> Iterator[Path]:
    """Run the module's bot; give its folder."""
    folder = tmp_path_factory.mktemp("bot")
    with running_bot(slack, folder, {**settings_for(slack, model, folder), **more_settings}):
        yield folder


@pytest.fixture
def channel(slack: SlackStandIn) -> str:
    return slack.new_channel()


@pytest.fixture
def direct(slack: SlackStandIn) -> str:
    return slack.new_channel(type_="im")
