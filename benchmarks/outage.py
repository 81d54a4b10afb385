"""Break each thing that a running bot stands on, by turns, and see whether an operator would be told.

    make outage

Stand-ins of Slack and of the model, a real Milvus Lite server, a real PostgreSQL where one is installed. For each
fault: after how many seconds /readyz named it, which alerts their metrics would raise, what `milvusfaq doctor` said.
Ends with 1 where a fault was not named, or another one was.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import yaml
from rich.console import Console
from rich.table import Table

from bot.operations.doctor.slack_checks import OPTIONAL_SCOPES, SCOPES
from tests.e2e.bot_process import PROJECT, environment, running_bot, settings_for
from tests.e2e.operations_port import OperationsPort
from tests.standins.milvus import running_server
from tests.standins.model import ModelStandIn, Reply
from tests.standins.postgres import find_binaries, running_postgres
from tests.standins.processes import free_port
from tests.standins.slack import Failure, SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHANNEL = "C0SUPPORT00"
QUESTION = "How is data stored in Milvus?"
CANARY = f"{QUESTION} | starter_faq.md"
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.2
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
    asked: int = 0

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


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault: what /readyz, the alerts and the doctor are to name, each "" for what it can't know.

    `doctor` may name more than one line about it; `only` is how all of them begin.
    """

    what: str
    begin: Callable[[Scene], None]
    heal: Callable[[Scene], None]
    ready: str
    alert: str
    doctor: tuple[str, ...]
    more: frozenset[str] = field(default_factory=frozenset)


def _cut_off(scene: Scene) -> None:
    scene.slack.refuse_handshakes(1_000)
    scene.slack.cut_connections()


def _revoke(scene: Scene) -> None:
    scene.slack.app_token = "xapp-1-A0APP-other"  # noqa: S105 - made up
    scene.slack.cut_connections()


def _connect_again(scene: Scene) -> None:
    scene.slack.handshakes_to_refuse, scene.slack.app_token = 0, scene.settings["SLACK_APP_TOKEN"]


def _kill(name: str) -> Callable[[Scene], None]:
    def kill(scene: Scene) -> None:
        process = getattr(scene, name)
        process.kill()
        process.wait()

    return kill


def _signal(name: str, number: int) -> Callable[[Scene], None]:
    return lambda scene: getattr(scene, name).send_signal(number)


def _lock_ledger(scene: Scene) -> None:
    if scene.ledger is not None:
        scene.ledger.stop()
        return
    scene.stack.lock = sqlite3.connect(scene.settings["DATABASE_URL"].removeprefix("sqlite:///"))  # type: ignore[attr-defined]
    scene.stack.lock.execute("BEGIN IMMEDIATE")  # type: ignore[attr-defined]


def _free_ledger(scene: Scene) -> None:
    if scene.ledger is not None:
        scene.ledger.start()
        return
    with closing(scene.stack.lock) as lock:  # type: ignore[attr-defined]
        lock.rollback()


def _fail_model(status: int) -> Callable[[Scene], None]:
    def fail(scene: Scene) -> None:
        scene.model.choose = lambda: Reply(status=status)
        scene.ask(3)

    return fail


def _heal_model(scene: Scene) -> None:
    scene.model.choose = Reply
    deadline = time.monotonic() + PATIENCE_S
    while "model" in scene.readiness() and time.monotonic() < deadline:
        time.sleep(2)
        scene.ask(1)


def _ingest(scene: Scene, *arguments: str) -> None:
    script = "from bot.entrypoints.cli import main; main()"
    subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=scene.folder,
        env=environment(**scene.settings),
        check=True,
        capture_output=True,
    )


def _bring_other_docs(scene: Scene) -> None:
    page = scene.folder / "other.md"
    page.write_text("# Harbour\nThe lighthouse is green.\n", encoding="utf-8")
    _ingest(scene, "ingest", str(page), "--recreate")


def _bring_starter(scene: Scene) -> None:
    starter = scene.folder / "starter_faq.md"
    starter.write_text((PROJECT / "rag/starter/starter_faq.md").read_text(encoding="utf-8"), encoding="utf-8")
    _ingest(scene, "ingest", str(starter), "--recreate")


def _leave_channel(scene: Scene) -> None:
    scene.slack.channels[CHANNEL].has_bot = False


def _join_channel(scene: Scene) -> None:
    scene.slack.channels[CHANNEL].has_bot = True


def _lose_scope(scene: Scene) -> None:
    scene.slack.scopes.discard("im:write")


def _regain_scope(scene: Scene) -> None:
    scene.slack.scopes.add("im:write")


def _throttle(scene: Scene) -> None:
    scene.slack.fail("conversations.replies", Failure(passes=True))
    scene.slack.fail("conversations.replies", Failure("ratelimited", status=429, retry_after=60))


FAULTS = (
    Fault(
        what="Slack takes no connections",
        begin=_cut_off,
        heal=_connect_again,
        ready="slack",
        alert="MilvusfaqSlackAway",
        doctor=("running bot: slack",),
    ),
    Fault(
        what="the app token is revoked",
        begin=_revoke,
        heal=_connect_again,
        ready="slack",
        alert="MilvusfaqSlackAway",
        doctor=("running bot: slack", "app token"),
    ),
    Fault(
        what="Milvus is killed",
        begin=_kill("milvus"),
        heal=Scene.start_milvus,
        ready="milvus",
        alert="MilvusfaqMilvusAway",
        doctor=("running bot: milvus", "Milvus"),
    ),
    Fault(
        what="Milvus stands still",
        begin=_signal("milvus", signal.SIGSTOP),
        heal=_signal("milvus", signal.SIGCONT),
        ready="milvus",
        alert="MilvusfaqMilvusAway",
        doctor=("running bot: milvus", "Milvus"),
    ),
    Fault(
        what="the ledger is away",
        begin=_lock_ledger,
        heal=_free_ledger,
        ready="ledger",
        alert="MilvusfaqLedgerAway",
        doctor=("running bot: ledger", "ledger"),
    ),
    Fault(
        what="the model errs",
        begin=_fail_model(500),
        heal=_heal_model,
        ready="model",
        alert="MilvusfaqModelLeftAlone",
        doctor=("running bot: model", "model mistral-7b"),
    ),
    Fault(
        what="the model refuses the token",
        begin=_fail_model(401),
        heal=_heal_model,
        ready="model",
        alert="MilvusfaqModelLeftAlone",
        doctor=("running bot: model", "model mistral-7b"),
    ),
    Fault(
        what="the docs are replaced by others",
        begin=_bring_other_docs,
        heal=_bring_starter,
        ready="canary",
        alert="MilvusfaqCanaryLost",
        doctor=("running bot: canary", "canary"),
    ),
    Fault(
        what="the bot is not in a support channel",
        begin=_leave_channel,
        heal=_join_channel,
        ready="",
        alert="",
        doctor=(f"SUPPORT_CHANNELS {CHANNEL}",),
    ),
    Fault(
        what="a scope is missing",
        begin=_lose_scope,
        heal=_regain_scope,
        ready="",
        alert="",
        doctor=("scope im:write",),
    ),
    Fault(
        what="reading threads is throttled", begin=_throttle, heal=lambda _: None, ready="", alert="",
        doctor=("reading threads",),
    ),
    Fault(
        what="the event loop hangs",
        begin=_signal("bot", signal.SIGSTOP),
        heal=_signal("bot", signal.SIGCONT),
        ready="port",
        alert="MilvusfaqDown",
        doctor=("running bot",),
    ),
    Fault(
        what="the bot is killed",
        begin=_kill("bot"),
        heal=Scene.start_bot,
        ready="port",
        alert="MilvusfaqDown",
        doctor=("running bot",),
    ),
)  # fmt: skip


@contextmanager
def _scene(folder: Path) -> Iterator[Scene]:
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


def _wait(condition: Callable[[], bool]) -> float | None:
    """Return after how many seconds something held; None where it did not in time."""
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE_S:
        if condition():
            return time.monotonic() - begun
        time.sleep(LOOK_EVERY_S)
    return None


def _try(scene: Scene, fault: Fault, table: Table) -> bool:
    """Break something, write down who named it, heal it; return whether all named it and nothing else."""
    fault.begin(scene)
    wanted = {fault.ready} - {""}
    took_s = _wait(lambda: wanted <= scene.readiness().keys())
    ready, alerts = scene.readiness(), scene.alerts()
    begun = time.monotonic()
    found = scene.doctor()
    doctor_s = time.monotonic() - begun
    is_named = ready.keys() == wanted and alerts == {fault.alert} - {""} and found.keys() == set(fault.doctor)
    named = "; ".join(f"{name}: {reason}" for name, reason in ready.items()) or "ready"
    seconds = f"{took_s:.1f}" if took_s is not None and wanted else "-"
    told = "; ".join(f"{what}: {how}" for what, how in found.items()) or "all is well"
    verdict = "named" if is_named else "NOT NAMED, or another"
    table.add_row(fault.what, named, seconds, ", ".join(sorted(alerts)) or "-", told, f"{doctor_s:.1f}", verdict)
    fault.heal(scene)
    is_healed = _wait(lambda: not scene.readiness()) is not None and not scene.alerts()
    if not is_healed:
        table.add_row("", f"after healing: {scene.readiness()}", "", "", "", "", "NOT HEALED")
    return is_named and is_healed


def main() -> None:
    """Print the table; end with 1 where something was not named."""
    table = Table("fault", "/readyz", "s", "alerts", "doctor", "s", "", show_lines=True)
    with TemporaryDirectory() as name, _scene(Path(name)) as scene:
        is_healthy = _wait(lambda: not scene.readiness()) is not None
        before = scene.doctor()
        table.add_row("none", "ready" if is_healthy else "NOT READY", "-", "-", str(before or "all is well"), "-", "")
        outcomes = [is_healthy and not before, *(_try(scene, fault, table) for fault in FAULTS)]
    Console(width=int(os.environ.get("COLUMNS", "200")), highlight=False).print(table)  # noqa: TID251 - the terminal's
    if not all(outcomes):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
