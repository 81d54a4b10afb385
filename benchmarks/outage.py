"""Break each thing that a running bot stands on, by turns, and see whether an operator would be told.

    make outage

Stand-ins of Slack and of the model, a real Milvus Lite server, a real PostgreSQL where one is installed. For each
fault: after how many seconds /readyz named it, which alerts their metrics would raise, what `milvusfaq doctor` said.
Ends with 1 where a fault was not named, or another one was.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.outage_scene import CHANNEL, Scene, open_scene
from tests.e2e.bot_process import PROJECT, environment
from tests.standins.model import Reply
from tests.standins.slack import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 60.0
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, and what /readyz, the alerts and the lines of the doctor are to name; "" for what they can't know."""

    what: str
    begin: Callable[[Scene], None]
    heal: Callable[[Scene], None]
    ready: str
    alert: str
    doctor: tuple[str, ...]


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
    scene.lock = sqlite3.connect(scene.settings["DATABASE_URL"].removeprefix("sqlite:///"))
    scene.lock.execute("BEGIN IMMEDIATE")


def _free_ledger(scene: Scene) -> None:
    if scene.ledger is not None:
        scene.ledger.start()
    elif scene.lock is not None:
        scene.lock.close()  # which rolls back


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
        begin=lambda scene: scene.slack.scopes.discard("im:write"),
        heal=lambda scene: scene.slack.scopes.add("im:write"),
        ready="",
        alert="",
        doctor=("scope im:write",),
    ),
    Fault(
        what="reading threads is throttled",
        begin=_throttle,
        heal=lambda _: None,
        ready="",
        alert="",
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
)


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
    with TemporaryDirectory() as name, open_scene(Path(name)) as scene:
        is_healthy = _wait(lambda: not scene.readiness()) is not None
        before = scene.doctor()
        table.add_row("none", "ready" if is_healthy else "NOT READY", "-", "-", str(before or "all is well"), "-", "")
        outcomes = [is_healthy and not before, *(_try(scene, fault, table) for fault in FAULTS)]
    Console(width=int(os.environ.get("COLUMNS", "200")), highlight=False).print(table)  # noqa: TID251 - the terminal's
    if not all(outcomes):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
