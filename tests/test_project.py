"""The project's promises about itself: settings, manifest, imports, the model's file."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.rendering.action_ids import COMMAND, EXAMPLE_ACTIONS, SHORTCUT
from bot.settings import OperationsSettings, SlackSettings
from bot.text.wording import wording
from rag.settings import RagSettings

PROJECT = Path(__file__).parents[1]
SETTINGS = (RagSettings, SlackSettings, OperationsSettings)
FIELDS = {name.upper() for settings in SETTINGS for name in settings.model_fields}


def test_every_setting_stands_in_the_example_and_in_the_readme() -> None:
    example = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    readme = set(re.findall(r"^\| `([A-Z][A-Z_]+)` \|", (PROJECT / "README.md").read_text(), re.MULTILINE))
    assert example == FIELDS
    assert readme == FIELDS


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_readme_tells_every_default(settings: type[RagSettings | SlackSettings | OperationsSettings]) -> None:
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


METHOD_SCOPES: dict[str, set[str]] = {
    "agents_sessions_setStatus": {"chat:write", "assistant:write"},
    "apps_connections_open": set(),
    "assistant_threads_setStatus": {"assistant:write"},
    "assistant_threads_setSuggestedPrompts": {"assistant:write"},
    "auth_test": set(),
    "chat_appendStream": {"chat:write"},
    "chat_delete": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_startStream": {"chat:write"},
    "chat_stopStream": {"chat:write"},
    "chat_update": {"chat:write"},
    "files_info": {"files:read"},
    "conversations_info": {"channels:read"},
    "usergroups_users_list": {"usergroups:read"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_open": {"im:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "users_conversations": {"im:read"},
    "users_info": {"users:read"},
    "views_open": set(),
    "views_publish": set(),
}
"""The scopes that each Web API method in use needs: docs.slack.dev/reference/methods."""
EVENT_SCOPES: dict[str, tuple[str, set[str]]] = {
    "agent_session_stopped": ("agent_session_stopped", {"chat:write"}),
    "app_home_opened": ("app_home_opened", set()),
    "app_mention": ("app_mention", {"app_mentions:read"}),
    "message.channels": ("message", {"channels:history"}),
    "message.groups": ("message", {"groups:history"}),
    "message.im": ("message", {"im:history"}),
    "message.mpim": ("message", {"mpim:history"}),
}
"""By its name in the manifest, each event as a listener knows it, and the scopes that it needs."""

OPTIONAL = {"channels:read", "files:read", "im:read", "mpim:history", "usergroups:read"}
"""What a feature can live without, or is: an installer may leave it out."""


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / "manifest.yaml").read_text())
    return loaded


def methods_in_use() -> set[str]:
    """Return the Web API methods that the bot's code names on a client."""
    names: set[str] = set()
    for path in (PROJECT / "bot").rglob("*.py"):
        names |= {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    return {name for name in names if re.match(r"[a-z]+_\w+$", name) and hasattr(AsyncWebClient, name)}


def listened_to() -> set[str]:
    """Return the events that the routing has listeners for."""
    source = (PROJECT / "bot" / "listeners" / "routing.py").read_text()
    return set(re.findall(r'app\.event\("(\w+)"\)', source))


def test_the_manifest_subscribes_to_the_events_that_are_listened_to_and_to_no_other() -> None:
    events = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert set(events) == set(EVENT_SCOPES)
    assert {EVENT_SCOPES[event][0] for event in events} == listened_to()


def test_the_manifest_asks_for_the_scopes_that_are_used_and_for_no_other() -> None:
    assert methods_in_use() == set(METHOD_SCOPES)
    needed = set().union(*METHOD_SCOPES.values(), *(scopes for _, scopes in EVENT_SCOPES.values()), {"commands"})
    scopes = manifest()["oauth_config"]["scopes"]
    assert {*scopes["bot"], *scopes["bot_optional"]} == needed
    assert set(scopes["bot_optional"]) == OPTIONAL
    assert not set(scopes["bot"]) & OPTIONAL


def test_the_manifest_has_the_commands_and_shortcuts_that_are_listened_to() -> None:
    features = manifest()["features"]
    assert [command["command"] for command in features["slash_commands"]] == [COMMAND]
    assert [(one["type"], one["callback_id"]) for one in features["shortcuts"]] == [("message", SHORTCUT)]
    assert [prompt["message"] for prompt in features["agent_view"]["suggested_prompts"]] == [
        wording().at(action) for action in EXAMPLE_ACTIONS
    ]


def test_the_manifest_is_one_that_slack_takes() -> None:
    read = manifest()
    features, display = read["features"], read["display_information"]
    assert read["settings"]["socket_mode_enabled"] is True
    assert read["settings"]["interactivity"] == {"is_enabled": True}
    assert features["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert all(len(shortcut["name"]) <= 24 for shortcut in features["shortcuts"])
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert 175 <= len(display["long_description"]) <= 4_000
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


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-build.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_with_hashes_and_name_no_index(name: str) -> None:
    lines = (PROJECT / name).read_text().splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pinned = [line for line in lines if "==" in line]
    assert len(pinned) > (0 if "build" in name else 50)
    for line in pinned:
        assert line.endswith("\\"), f"{line} has no hash"
