"""The scene of an outage: a running bot, all that it stands on, and what an operator sees of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import yaml

from bot.operations.doctor.slack_checks import OPTIONAL_SCOPES, SCOPES
from tests.e2e.bot_process import PROJECT, environment, running_bot, settings_for
from tests.e2e.operations_port import OperationsPort
from tests.standins.milvus import running_server
from tests.standins.model import ModelStandIn
from tests.standins.postgres import find_binaries, running_postgres
from tests.standins.processes import free_port
from tests.standins.slack import SlackStandIn

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

CHANNEL = "C0SUPPORT00"
QUESTION = "How is data stored in Milvus?"
CANARY = f"{QUESTION} | starter_faq.md"
COMPARISON = re.compile(r'^(?P<name>\w+)(?:\{(?P<label>\w+)="(?P<value>\w+)"\})? == (?P<is>[01])$')
HEALTHY = {"model mistral-7b: citations", "model mistral-7b: not in the docs"}
"""What the doctor says of the scripted model, which can't read."""


@dataclass
class Scene:
    """A running bot, and all that it stands on."""

    folder: Path
    slack: SlackStandIn
    model: ModelStandIn
    port: OperationsPort
    settings: dict[str, str]
    milvus_port: int
    stack: ExitStack
    bot: subprocess.Popen[bytes] | None = None
    milvus: subprocess.Popen[bytes] | None = None
    ledger: Any = None
    lock: sqlite3.Connection | None = None

    def start_milvus(self) -> None:
        """Run Milvus, again."""
        _, self.milvus = self.stack.enter_context(running_server(self.folder, port=self.milvus_port))

    def start_bot(self) -> None:
        """Run the bot, again."""
        self.bot = self.stack.enter_context(running_bot(self.slack, self.folder, self.settings))

    def ask(self, times: int) -> None:
        """Ask, and wait for the answers."""
        for _ in range(times):
            self.slack.wait_for_replies(CHANNEL, self.slack.mention(CHANNEL, QUESTION))

    def readiness(self) -> dict[str, str]:
        """Return what /readyz says does not work; `port` where nobody answers there."""
        try:
            _, told = self.port.readiness()
        except (URLError, TimeoutError, ConnectionError):
            return {"port": "does not answer"}
        return {name: str(one["reason"]) for name, one in told["checks"].items() if not one["ok"]}

    def alerts(self) -> set[str]:
        """Return the alerts whose comparison holds, however long it has to hold."""
        try:
            samples = self.port.samples()
        except (URLError, TimeoutError, ConnectionError):
            return {"MilvusfaqDown"}
        raised = set()
        for rule in yaml.safe_load((PROJECT / "deploy/prometheus/alerts.yaml").read_text())["groups"][0]["rules"]:
            if found := COMPARISON.match(rule["expr"]):
                for (name, labels), value in samples.items():
                    wanted = (found["label"], found["value"])
                    if name == found["name"] and (not found["label"] or wanted in labels) and value == int(found["is"]):
                        raised.add(str(rule["alert"]))
        return raised

    def doctor(self) -> dict[str, str]:
        """Return what the doctor finds wrong, and how it says it."""
        command = [sys.executable, "-c", "from bot.entrypoints.cli import main; main()", "doctor", "--json"]
        done = subprocess.run(
            command, cwd=self.folder, env=environment(**self.settings), capture_output=True, text=True, check=False
        )
        found = json.loads(done.stdout)
        return {one["what"]: one["told"] for one in found if one["grade"] != "ok" and one["what"] not in HEALTHY}


@contextmanager
def open_scene(folder: Path) -> Iterator[Scene]:
    """Start all of it; end all of it."""
    with ExitStack() as stack:
        slack, model = stack.enter_context(SlackStandIn()), stack.enter_context(ModelStandIn())
        slack.scopes = {*SCOPES, *OPTIONAL_SCOPES}
        slack.join(CHANNEL)
        port, milvus_port, binaries = OperationsPort(), free_port(), find_binaries()
        ledger = stack.enter_context(running_postgres(binaries)) if binaries else None
        settings = {
            **settings_for(slack, model, folder),
            **port.settings,
            "MILVUS_URI": f"http://127.0.0.1:{milvus_port}",
            "DATABASE_URL": ledger.url if ledger else f"sqlite:///{folder / 'ledger.sqlite3'}",
            "SUPPORT_CHANNELS": CHANNEL,
            "CANARY": CANARY,
        }
        scene = Scene(folder, slack, model, port, settings, milvus_port, stack, ledger=ledger)
        scene.start_milvus()
        scene.start_bot()
        yield scene
