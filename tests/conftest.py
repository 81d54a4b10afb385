"""Fixtures that tests of several folders use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.standins.model import ModelStandIn
from tests.standins.postgres import ABSENT, find_binaries, running_postgres
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.standins.postgres import PostgresServer


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as server:
        yield server


@pytest.fixture(scope="module")
def model() -> Iterator[ModelStandIn]:
    with ModelStandIn() as server:
        yield server


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(ABSENT)
    with running_postgres(binaries) as server:
        yield server
