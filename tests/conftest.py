"""Fixtures that tests of several folders use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import bot_process
from tests.standins.model import ModelStandIn
from tests.standins.postgres import ABSENT, find_binaries, running_postgres
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.standins.postgres import PostgresServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: at the end they would keep one worker busy and the others waiting."""
    items.sort(key=lambda item: ("test_soak" not in item.nodeid, "tests/e2e/" not in item.nodeid))


@pytest.fixture(scope="session", autouse=True)
def _shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    base = tmp_path_factory.getbasetemp()
    bot_process.shared_folder[:] = [base if worker_id == "master" else base.parent]


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
