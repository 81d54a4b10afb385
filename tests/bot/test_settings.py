"""Settings of operations: ports, canary, times."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.settings import OperationsSettings


@pytest.mark.parametrize(("port", "expected"), [("8123", 8_123), ("", 0)])
def test_a_hosts_own_port_is_taken_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, port: str, expected: int
) -> None:
    monkeypatch.setenv("PORT", port)
    monkeypatch.setenv("OPERATIONS_PORT", "PORT")
    assert OperationsSettings().operations_port == expected
    monkeypatch.delenv("OPERATIONS_PORT")
    assert OperationsSettings().operations_port == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPERATIONS_PORT", "http"),
        ("OPERATIONS_PORT", "70000"),
        ("CANARY", "How do I load?"),
        ("CANARY", "| page.md"),
        ("REPORT_AT", "weekly"),
        ("REPORT_CHANNEL", "#general"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_what_can_not_work_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        OperationsSettings()
