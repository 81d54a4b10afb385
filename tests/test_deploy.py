"""What deploy/ promises: every metric is shown, every one that is shown is there, and all files are well formed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.operations.doctor.settings_checks import OF_OTHERS
from bot.settings import OperationsSettings, SlackSettings
from bot.telemetry import REGISTRY
from rag.settings import RagSettings

PROJECT = Path(__file__).parents[1]
DEPLOY = PROJECT / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yaml"
ALWAYS_THERE = {"up"}
BIN = Path(sys.executable).parent
SETTINGS = {name.upper() for kind in (RagSettings, SlackSettings, OperationsSettings) for name in kind.model_fields}


def exported() -> set[str]:
    """Return the names of all series that a bot has, without what a histogram's parts are called."""
    names = set()
    for family in REGISTRY.collect():
        names.add(f"{family.name}_total" if family.type == "counter" else family.name)
    return names


def named_in(expression: str) -> set[str]:
    words = set(re.findall(r"\b(?:milvusfaq|process)_\w+|\bup\b(?=\{)", re.sub(r'"[^"]*"', "", expression)))
    return {re.sub(r"_(?:bucket|count|sum)$", "", word) for word in words} - ALWAYS_THERE


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DEPLOY / "grafana" / "milvusfaq.json").read_text())
    return loaded


def shown_on_the_dashboard() -> set[str]:
    panels = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
    return set().union(*(named_in(target["expr"]) for panel in panels for target in panel["targets"]))


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    assert shown_on_the_dashboard() == exported()


def test_the_alerts_are_about_metrics_that_are_there() -> None:
    named = set().union(*(named_in(rule["expr"]) for rule in alerts()))
    assert named <= exported()
    assert len(named) > 10


def test_every_alert_and_every_metric_is_explained_to_operators() -> None:
    told = (PROJECT / "docs" / "operating.md").read_text()
    assert {rule["alert"] for rule in alerts()} == set(re.findall(r"^\| `(Milvusfaq\w+)` \|", told, re.MULTILINE))
    explained = set(re.findall(r"^\| `((?:milvusfaq|process)_\w+)", told, re.MULTILINE))
    assert explained == exported()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian's package prometheus) is not installed")
def test_promtool_takes_the_rules() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("hadolint", "Dockerfile"),
        ("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"),
        *(
            ("kubernetes-validate", "--strict", "-k", "1.33", str(path.relative_to(PROJECT)))
            for path in sorted(DEPLOY.glob("kubernetes*/*.yaml")) + sorted(DEPLOY.glob("*.yaml"))
        ),
    ],
    ids=lambda command: command[-1],
)
def test_the_files_are_well_formed(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_set_there_is_a_setting() -> None:
    kubernetes = [
        yaml.safe_load(path.read_text()) for path in [*DEPLOY.glob("kubernetes/*.yaml"), *DEPLOY.glob("*.yaml")]
    ]
    named = {name for one in kubernetes for part in ("data", "stringData") for name in one.get(part) or {}}
    services = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]
    named |= set(services["bot"]["environment"]) - {"<<"}
    named |= set(json.loads((PROJECT / "app.json").read_text())["env"])
    named |= set(re.findall(r"^\s+([A-Z][A-Z_]+)=\S+ ?\\?$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE))
    assert named - SETTINGS <= {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PIP_DISABLE_PIP_VERSION_CHECK"}


def test_what_compose_reads_from_the_file_of_settings_is_no_misspelling() -> None:
    named = set(re.findall(r"\$\{([A-Z_]+)", (PROJECT / "compose.yaml").read_text())) | {"COMPOSE_PROFILES"}
    assert all(name.startswith(OF_OTHERS) for name in named)


def test_the_image_leaves_out_what_the_bot_does_not_need() -> None:
    ignored = (PROJECT / ".dockerignore").read_text().split()
    copied = set(re.findall(r"^COPY (?!--from)(.+?) \S+$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE))
    needed = {name for line in copied for name in line.split()}
    assert needed == {line[1:] for line in ignored if line.startswith("!")}
    packages = (PROJECT / "requirements.txt").read_text()
    assert not re.search(r"^(?:pytest|mypy|playwright|ruff)==", packages, re.MULTILINE)
