"""This file is where the project's promises about itself are checked: settings, manifest, imports, the model's file."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.app import COMMAND
from bot.settings import SlackSettings
from rag.settings import RagSettings

PROJECT = Path(__file__).parents[1]
FIELDS = {name.upper() for settings in (RagSettings, SlackSettings) for name in settings.model_fields}


def test_every_setting_stands_in_the_example_and_in_the_readme() -> None:
    example = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    readme = set(re.findall(r"^\| `([A-Z][A-Z_]+)` \|", (PROJECT / "README.md").read_text(), re.MULTILINE))
    assert example == FIELDS
    assert readme == FIELDS


@pytest.mark.parametrize("settings", [RagSettings, SlackSettings])
def test_the_readme_tells_every_default(settings: type[RagSettings | SlackSettings]) -> None:
    readme = (PROJECT / "README.md").read_text()
    for name, field in settings.model_fields.items():
        row = re.search(rf"^\| `{name.upper()}` \| (.*?) \|", readme, re.MULTILINE)
        assert row, name
        default = field.get_default()
        shown = (
            f"`{default:g}`"
            if isinstance(default, float)
            else f"`{default}`"
            if isinstance(default, str | int) and default != ""
            else ""
        )
        assert row[1].strip() == shown, name


def test_the_manifest_asks_for_what_the_code_uses() -> None:
    manifest = yaml.safe_load((PROJECT / "manifest.yaml").read_text())
    features, settings = manifest["features"], manifest["settings"]
    assert [command["command"] for command in features["slash_commands"]] == [COMMAND]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"] == {"is_enabled": True}
    events = set(settings["event_subscriptions"]["bot_events"])
    assert events == {"app_mention", "message.im", "message.channels", "message.groups"}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == {
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "chat:write",
        "commands",
        "groups:history",
        "im:history",
        "users:read",
    }
    assert len(manifest["display_information"]["name"]) <= 35
    assert len(manifest["display_information"]["description"]) <= 140
    assert 175 <= len(manifest["display_information"]["long_description"]) <= 4_000
    assert len(features["agent_view"]["agent_description"]) <= 300
    assert 1 <= len(features["agent_view"]["suggested_prompts"]) <= 4
    assert "assistant_view" not in features


def test_importing_rag_brings_no_vendor() -> None:
    script = "import rag, sys; print(*sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"pymilvus", "openai", "onnxruntime", "transformers", "slack_bolt", "numpy", "pydantic"})


def test_the_bundled_model_is_the_one_that_the_notice_names() -> None:
    import hashlib  # noqa: PLC0415

    notice = (PROJECT / "NOTICE").read_text()
    model = PROJECT / "rag" / "starter" / "all-MiniLM-L6-v2.int8.onnx"
    assert hashlib.sha256(model.read_bytes()).hexdigest() in notice
    assert model.stat().st_size < 24_000_000


def test_requirements_are_pinned_with_hashes_and_name_no_index() -> None:
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pinned = [line for line in lines if "==" in line]
    assert len(pinned) > 50
    for line in pinned:
        assert line.endswith("\\"), f"{line} has no hash"
