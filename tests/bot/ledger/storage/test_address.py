"""DATABASE_URL as people and hosters write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.ledger import LedgerError
from bot.ledger.storage.address import read_address
from bot.settings import SlackSettings

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "me:hidden@db.example:5432/faq"


@pytest.mark.parametrize(
    ("url", "query"),
    [
        (f"postgresql://{PLACE}", ""),
        (f"postgres://{PLACE}", ""),
        (f"POSTGRESQL://{PLACE}", ""),
        (f"postgresql+asyncpg://{PLACE}", ""),
        (f"postgresql://{PLACE}?sslmode=require&channel_binding=require", "?sslmode=require"),
        (f"postgresql://{PLACE}?ssl=require", "?sslmode=require"),
        (f"postgresql://{PLACE}?connect_timeout=10&keepalives=1&gssencmode=disable&pgbouncer=true", ""),
        (f"postgresql://{PLACE}?application_name=faq", "?application_name=faq"),
        (f"postgresql://{PLACE}?options=-c%20search_path%3Dpublic", "?options=-c+search_path%3Dpublic"),
    ],
)
def test_what_hosters_write_is_read(url: str, query: str) -> None:
    address = read_address(url)
    assert (address.dialect, address.dsn) == ("postgresql", f"postgresql://{PLACE}{query}")
    assert address.shown == "postgresql://db.example:5432/faq"


@pytest.mark.parametrize("copied", [f" postgresql://{PLACE}\n", f'"postgresql://{PLACE}"'])
def test_what_was_copied_with_an_address_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch, copied: str) -> None:
    monkeypatch.setenv("DATABASE_URL", copied)
    assert read_address(SlackSettings().ledger_url("milvus.db")).dsn == f"postgresql://{PLACE}"


def test_several_hosts_are_the_drivers_to_try() -> None:
    assert read_address("postgresql://me@one:1,two:2/faq").dsn == "postgresql://me@one:1,two:2/faq"


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "a b#c%.db"
    assert read_address(f"sqlite:///{path}").path == path


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("mysql://me:hidden@db/faq", "DATABASE_URL is neither"),
        ("me:hidden@db/faq", "DATABASE_URL is neither"),
        ("sqlite:///:memory:", "A ledger in memory would forget"),
        (f"postgresql://{PLACE}?no_such_setting=1", "do not know: no_such_setting"),
        ("postgresql://me:hid[den@db/faq", "DATABASE_URL is neither"),
    ],
)
def test_what_can_not_work_is_told_without_the_password(url: str, line: str) -> None:
    with pytest.raises(LedgerError) as told:
        read_address(url)
    assert line in str(told.value)
    assert "hid" not in str(told.value)
