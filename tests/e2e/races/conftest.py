"""The Slack, channel and ledger of a test of races: each has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as server:
        yield server


@pytest.fixture
def channel(slack: SlackStandIn) -> str:
    return slack.new_channel()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
