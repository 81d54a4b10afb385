"""Settings as people have them: copied with a line end, shortened, in another encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from rag import SettingsError
from rag.settings import RagSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEPTONAI_TOKEN", raising=False)


@pytest.mark.parametrize(
    "copied", ["key\n", "key\r\n", " key\t", '"key"', "\u201ckey\u201d", "\ufeffkey\u200b", "key\u00a0"]
)
def test_a_key_is_stripped_of_what_was_copied_with_it(monkeypatch: pytest.MonkeyPatch, copied: str) -> None:
    monkeypatch.setenv("LEPTONAI_TOKEN", copied)
    assert RagSettings().leptonai_token.get_secret_value() == "key"


@pytest.mark.parametrize("copied", ["sk-\u2026abc", "two words", "k\u00e9y", "a\nb"])
def test_what_no_header_can_hold_is_told_with_the_settings_name(monkeypatch: pytest.MonkeyPatch, copied: str) -> None:
    monkeypatch.setenv("LEPTONAI_TOKEN", copied)
    with pytest.raises(ValidationError) as caught:
        RagSettings()
    (error,) = caught.value.errors(include_input=False)
    assert error["loc"] == ("leptonai_token",)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_an_env_file_that_is_not_utf_8_is_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / ".env").write_text("# caf\u00e9\nMILVUS_COLLECTION=docs\n", encoding=encoding)
    with pytest.raises(SettingsError, match=r"\.env is not UTF-8"):
        RagSettings()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_an_env_file_in_utf_8_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / ".env").write_text("MILVUS_COLLECTION=docs\r\n", encoding=encoding)
    assert RagSettings().milvus_collection == "docs"
