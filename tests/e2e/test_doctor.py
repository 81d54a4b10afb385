"""`milvusfaq doctor`, as an operator runs it: each thing that is wrong is named, and nothing else."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bot import __version__
from bot.entrypoints.commands.doctor import examine as examine_here
from bot.ledger import open_ledger
from bot.operations.doctor.finding import exit_code
from bot.operations.doctor.slack_checks import OPTIONAL_SCOPES, SCOPES
from tests.e2e.bot_process import PROJECT, environment, running_bot, settings_for, starter_index
from tests.e2e.operations_port import OperationsPort
from tests.standins.model import TOKEN as MODEL_TOKEN
from tests.standins.model import ModelStandIn, Reply
from tests.standins.slack import APP_TOKEN, BOT_TOKEN, Failure, SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Findings = dict[str, tuple[str, str]]
CITED, ABSTAINED = Reply("The lighthouse is green [2]."), Reply("NOT_IN_DOCS\nThe year stands nowhere.")


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as server:
        server.scopes = {*SCOPES, *OPTIONAL_SCOPES}
        yield server


@pytest.fixture
def settings(slack: SlackStandIn, model: ModelStandIn, tmp_path: Path) -> dict[str, str]:
    """Set what a bot of a healthy team has set; its index is not copied: nothing is written there."""
    model.script.clear()
    model.play(CITED, ABSTAINED)
    slack.join("C0123456789")
    ledger = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    asyncio.run(begin_ledger(ledger))
    return {
        **settings_for(slack, model, tmp_path),
        "SUPPORT_CHANNELS": "C0123456789",
        "MILVUS_URI": str(starter_index()),
        "DATABASE_URL": ledger,
    }


async def begin_ledger(url: str) -> None:
    async with open_ledger(url):
        pass


def examine(folder: Path, settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from bot.entrypoints.cli import main; main()", "doctor", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment(**settings), capture_output=True, text=True, check=False, timeout=120
    )
    for secret in (BOT_TOKEN, APP_TOKEN, MODEL_TOKEN):
        assert secret not in done.stdout + done.stderr
    return done


def findings(folder: Path, settings: dict[str, str]) -> tuple[int, Findings]:
    """Return the exit code, and of each thing its grade and what was told."""
    done = examine(folder, settings, "--json")
    told: list[dict[str, Any]] = json.loads(done.stdout)
    assert all(one["do"] for one in told if one["grade"] != "ok"), "each says what to do"
    return done.returncode, {one["what"]: (one["grade"], one["told"]) for one in told}


def not_ok(found: Findings) -> dict[str, str]:
    return {what: grade for what, (grade, _) in found.items() if grade != "ok"}


def test_where_all_is_well_each_line_says_so_and_nothing_is_posted(
    slack: SlackStandIn, settings: dict[str, str], tmp_path: Path
) -> None:
    code, found = findings(tmp_path, settings)
    assert not_ok(found) == {}
    assert code == 0
    assert found["model mistral-7b: format"][0] == "ok"
    assert found["canary"][1].startswith("'How is data stored in Milvus?' finds starter_faq.md")
    assert not [message for channel in slack.channels.values() for message in channel.messages]


def test_beside_a_running_bot_it_says_what_that_bot_says(
    slack: SlackStandIn, settings: dict[str, str], tmp_path: Path
) -> None:
    port = OperationsPort()
    running = {**settings, **port.settings, "MILVUS_URI": str(tmp_path / "milvus.db")}
    with running_bot(slack, tmp_path, running) as process:
        slack.wait_for_replies("C0123456789", slack.mention("C0123456789", "How is data stored?"))
        slack.wait_for(lambda: port.get("/readyz")[0] == 200, "a bot that is ready")
        code, found = findings(tmp_path, running)
    assert code in {0, 1}  # the scripted model does not keep to the format any more
    assert set(not_ok(found)) <= {"model mistral-7b: citations", "model mistral-7b: not in the docs"}
    assert f"version {__version__}, process {process.pid}" in found["running bot"][1]
    assert found["events"][1].partition("; ")[0].endswith("seen: app_mention, message.channels")
    assert f"process {process.pid} (python" in found["Milvus Lite"][1]


def no_scope(slack: SlackStandIn, _: dict[str, str]) -> None:
    slack.scopes.discard("im:write")


def not_invited(slack: SlackStandIn, _: dict[str, str]) -> None:
    slack.join("C0123456789", has_bot=False)


def throttled(slack: SlackStandIn, _: dict[str, str]) -> None:
    slack.fail("conversations.replies", Failure(passes=True))
    slack.fail("conversations.replies", Failure("ratelimited", status=429, retry_after=60))


def coarse(slack: SlackStandIn, _: dict[str, str]) -> None:
    slack.coarse = True


def wrong_token(_: SlackStandIn, settings: dict[str, str]) -> None:
    settings["SLACK_APP_TOKEN"] = "xapp-1-A0-other"


def model_away(_: SlackStandIn, settings: dict[str, str]) -> None:
    settings["LLM_BASE_URL"] = "http://127.0.0.1:1/v1/"


def milvus_away(_: SlackStandIn, settings: dict[str, str]) -> None:
    settings["MILVUS_URI"] = "http://127.0.0.1:1"


def misspelt(_: SlackStandIn, settings: dict[str, str]) -> None:
    settings["MILVUS_COLECTION"] = "faq"


def canary_lost(_: SlackStandIn, settings: dict[str, str]) -> None:
    settings["CANARY"] = "How is data stored in Milvus? | nowhere.md"


def other_embedding(_: SlackStandIn, settings: dict[str, str]) -> None:
    settings["EMBEDDING_MODEL"] = "openai:m"
    settings["EMBEDDING_BASE_URL"] = settings["LLM_BASE_URL"]


def report_unread(slack: SlackStandIn, settings: dict[str, str]) -> None:
    settings["REPORT_CHANNEL"] = slack.join("C0REPORTS00", has_bot=False)


def no_address(_: SlackStandIn, settings: dict[str, str]) -> None:
    settings["MILVUS_URI"] = "localhost:19530"


def collector_away(_: SlackStandIn, settings: dict[str, str]) -> None:
    settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"


def newer_ledger(_: SlackStandIn, settings: dict[str, str]) -> None:
    with sqlite3.connect(settings["DATABASE_URL"].removeprefix("sqlite:///")) as ledger:
        ledger.execute("UPDATE ledger_schema SET version = 99")
    ledger.close()


@pytest.mark.parametrize(
    ("break_it", "named"),
    [
        (no_scope, {"scope im:write": "fail"}),
        (not_invited, {"SUPPORT_CHANNELS C0123456789": "fail"}),
        (throttled, {"reading threads": "warn"}),
        (coarse, {"streaming": "warn", "statuses": "warn", "sessions": "warn"}),
        (wrong_token, {"app token": "fail"}),
        (model_away, {"model mistral-7b": "fail"}),
        (milvus_away, {"Milvus": "fail"}),
        (misspelt, {"MILVUS_COLECTION": "warn"}),
        (canary_lost, {"canary": "warn"}),
        (other_embedding, {"collection": "fail", "Milvus": "fail"}),
        (newer_ledger, {"ledger": "fail"}),
        (collector_away, {"traces": "warn"}),
        (report_unread, {"REPORT_CHANNEL C0REPORTS00": "fail"}),
        (no_address, {"Milvus": "fail"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_else(
    slack: SlackStandIn,
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    break_it: Callable[[SlackStandIn, dict[str, str]], None],
    named: dict[str, str],
) -> None:
    break_it(slack, settings)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = asyncio.run(examine_here(lambda _: None))
    assert {one.what: one.grade for one in found if one.grade != "ok"} == named
    assert exit_code(found) == (2 if "fail" in named.values() else 1)


def test_a_value_that_can_not_work_is_named_and_the_rest_is_looked_at(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**settings, "SUPPORT_CHANNELS": "#general", "OPERATIONS_PORT": "http"}.items():
        monkeypatch.setenv(name, value)
    found = asyncio.run(examine_here(lambda _: None))
    assert {one.what for one in found if one.grade != "ok"} == {"SUPPORT_CHANNELS", "OPERATIONS_PORT"}
    assert {"bot token", "collection", "ledger"} <= {one.what for one in found}


def test_the_scopes_that_it_knows_are_the_manifests() -> None:
    scopes = yaml.safe_load((PROJECT / "manifest.yaml").read_text())["oauth_config"]["scopes"]
    assert set(SCOPES) == set(scopes["bot"])
    assert set(OPTIONAL_SCOPES) == set(scopes["bot_optional"])
