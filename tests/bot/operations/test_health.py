"""Health: what makes the bot unready, what only degrades it, and what each part says of itself."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from bot.operations.canary import CanaryWatch
from bot.operations.health import Readiness, as_json
from bot.slack.sockets import SocketState
from bot.telemetry import Heartbeat
from rag.health import Health, ModelHealth

if TYPE_CHECKING:
    from rag import Answerer


class FakeAnswerer:
    def __init__(self) -> None:
        self.told = Health(trouble="", checked_s=1.0, passages=7)

    def health(self) -> Health:
        return self.told


class Scene:
    def __init__(self) -> None:
        self.answerer, self.sockets = FakeAnswerer(), SocketState(is_up=True, up=2)
        self.renewals, self.records = Heartbeat(), Heartbeat()
        answerer = cast("Answerer", self.answerer)
        self.canary = CanaryWatch(answerer=answerer, canary=None)
        self.readiness = Readiness(
            sockets=self.sockets,
            renewals=self.renewals,
            records=self.records,
            answerer=answerer,
            canary=self.canary,
            refresh_s=20.0,
        )

    def told(self) -> tuple[str, dict[str, str]]:
        """Return the status, and the reason of each part that does not work."""
        found = as_json(self.readiness.checks())
        return found["status"], {name: one["reason"] for name, one in found["checks"].items() if not one["ok"]}


def no_socket(scene: Scene) -> None:
    scene.sockets.is_up, scene.sockets.trouble = False, "Slack asked to connect anew (link_disabled)."


def milvus_away(scene: Scene) -> None:
    scene.answerer.told = replace(scene.answerer.told, trouble="Milvus can't be reached.")


def milvus_silent(scene: Scene) -> None:
    scene.answerer.told = replace(scene.answerer.told, checked_s=300.0)


def ledger_refuses(scene: Scene) -> None:
    scene.renewals.fail("The ledger can't be used (database is locked).")


def ledger_takes_no_writes(scene: Scene) -> None:
    scene.records.fail("The ledger can't be used (database or disk is full).")


def ledger_silent(scene: Scene) -> None:
    scene.renewals.at = time.monotonic() - 100


def model_left_alone(scene: Scene) -> None:
    failing = ModelHealth(name="m", is_left_alone=True, failures=3, trouble="It refused the token (401).")
    scene.answerer.told = replace(scene.answerer.told, models=(failing,))


def canary_lost(scene: Scene) -> None:
    scene.canary.trouble = "'What?' finds a.md, not b.md."


def test_a_bot_to_which_nothing_has_happened_is_ready() -> None:
    assert Scene().told() == ("ready", {})


@pytest.mark.parametrize(
    ("fault", "status", "part", "reason"),
    [
        (no_socket, "unready", "slack", "No connection to Slack. Slack asked to connect anew (link_disabled)."),
        (milvus_away, "unready", "milvus", "Milvus can't be reached."),
        (milvus_silent, "unready", "milvus", "Milvus has not answered for 300 s."),
        (ledger_refuses, "unready", "ledger", "The ledger can't be used (database is locked)."),
        (ledger_takes_no_writes, "unready", "ledger", "The ledger can't be used (database or disk is full)."),
        (ledger_silent, "unready", "ledger", "Leases were last renewed 100 s ago."),
        (model_left_alone, "degraded", "model", "m is left alone: It refused the token (401)."),
        (canary_lost, "degraded", "canary", "'What?' finds a.md, not b.md."),
    ],
)
def test_each_fault_is_named_and_no_other(fault: object, status: str, part: str, reason: str) -> None:
    scene = Scene()
    assert callable(fault)
    fault(scene)
    assert scene.told() == (status, {part: reason})


def test_without_a_connection_nothing_is_noted_and_the_ledger_is_not_blamed() -> None:
    scene = Scene()
    ledger_takes_no_writes(scene)
    no_socket(scene)
    assert scene.told()[1].keys() == {"slack"}


def test_what_works_again_is_well_again() -> None:
    scene = Scene()
    ledger_refuses(scene)
    scene.renewals.beat()
    assert scene.told() == ("ready", {})
