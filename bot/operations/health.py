"""Health: whether the bot can answer, each part of it with its age and reason."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot.telemetry import DEPENDENCY_UP

if TYPE_CHECKING:
    from bot.operations.canary import CanaryWatch
    from bot.slack.sockets import SocketState
    from bot.telemetry import Heartbeat
    from rag import Answerer

Status = Literal["ready", "degraded", "unready"]
LEDGER_SILENT_S = 20.0
"""Leases are renewed every three seconds: after so long without, the ledger hangs."""
SEARCH_SILENT_S = 45.0
"""Milvus is looked at every INDEX_REFRESH_S: after so much longer without a reply, it hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Whether a part works: `age_s` is how many seconds ago that was last seen, `reason` what is wrong or to know.

    Without what is not `required` the bot answers all the same, less well.
    """

    is_ok: bool
    age_s: float
    reason: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Looks at what the parts of a running bot have noted of themselves; asks nothing anew.

    `renewals` are those of leases, `records` what notes in the ledger that this replica is connected.
    """

    sockets: SocketState
    renewals: Heartbeat
    records: Heartbeat
    answerer: Answerer
    canary: CanaryWatch
    refresh_s: float

    def checks(self) -> dict[str, Check]:
        """Return how each part does."""
        return {
            "slack": self._slack(),
            "milvus": self._milvus(),
            "ledger": self._ledger(),
            "model": self._model(),
            "canary": self._canary(),
        }

    def _slack(self) -> Check:
        if self.sockets.is_up:
            return Check(is_ok=True, age_s=self.sockets.last_up.age_s, reason=f"{self.sockets.up} connections")
        reason = f"No connection to Slack. {self.sockets.trouble}".strip()
        return Check(is_ok=False, age_s=self.sockets.last_up.age_s, reason=reason)

    def _milvus(self) -> Check:
        health = self.answerer.health()
        reason = health.trouble
        if not reason and health.checked_s > self.refresh_s + SEARCH_SILENT_S:
            reason = f"Milvus has not answered for {health.checked_s:.0f} s."
        return Check(is_ok=not reason, age_s=health.checked_s, reason=reason or f"{health.passages} passages")

    def _ledger(self) -> Check:
        age_s = self.renewals.age_s
        written = self.records.trouble if self.sockets.is_up else ""  # nothing is noted while there is no connection
        reason = self.renewals.trouble or written
        if not reason and age_s > LEDGER_SILENT_S:
            reason = f"Leases were last renewed {age_s:.0f} s ago."
        return Check(is_ok=not reason, age_s=age_s, reason=reason)

    def _model(self) -> Check:
        models = self.answerer.health().models
        failing = [model for model in models if model.is_left_alone]
        told = " ".join(f"{model.name} is left alone: {model.trouble}" for model in failing)
        reason = told if models else "No language model is set up: answers quote the passages."
        return Check(is_ok=not failing, age_s=0.0, reason=reason, required=False)

    def _canary(self) -> Check:
        age_s = time.monotonic() - self.canary.asked_at if self.canary.asked_at else 0.0
        return Check(is_ok=not self.canary.trouble, age_s=age_s, reason=self.canary.trouble, required=False)


def status_of(checks: dict[str, Check]) -> Status:
    """Return what all of it comes to."""
    failing = [check for check in checks.values() if not check.is_ok]
    if any(check.required for check in failing):
        return "unready"
    return "degraded" if failing else "ready"


def set_gauges(checks: dict[str, Check]) -> None:
    """Bring the metrics of the checks up to date."""
    for name, check in checks.items():
        DEPENDENCY_UP.labels(name).set(check.is_ok)


def as_json(checks: dict[str, Check]) -> dict[str, Any]:
    """Return the checks as /readyz tells them."""
    shown = {
        name: {"ok": check.is_ok, "age_s": round(check.age_s, 1), "reason": check.reason}
        for name, check in checks.items()
    }
    return {"status": status_of(checks), "checks": shown}
