"""The pauses between tries, which no test waits for."""

from __future__ import annotations

import pytest

from bot.jobs import worker as worker_module


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "backoff", lambda failures: 0.0 * failures)
