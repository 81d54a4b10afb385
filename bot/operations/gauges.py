"""Gauges: what is measured when somebody looks, of this process and of the ledger."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from bot import __version__
from bot.answering.outcome import WITHOUT_MODEL
from bot.domain import Origin
from bot.ledger import LedgerError
from bot.telemetry import (
    BUILD_INFO,
    ESCALATIONS_OPEN,
    FEEDBACK,
    INDEX_BUILT,
    LEDGER_BYTES,
    LEDGER_OPEN_QUESTIONS,
    MODEL_BREAKER_OPEN,
    MODEL_FAILURES,
    MODEL_LABEL,
    PASSAGES,
    QUESTIONS,
    QUESTIONS_WAITING,
    SLOTS,
    SLOTS_USED,
    SOCKETS_UP,
    TOKENS_PER_DAY,
    TOKENS_TODAY,
)

if TYPE_CHECKING:
    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.slack.sockets import SocketState
    from rag import Answerer

logger = logging.getLogger(__name__)

LEDGER_EVERY_S = 30.0
"""The ledger is asked so often at most, however often somebody looks."""


@dataclass(slots=True, kw_only=True)
class Gauges:
    """Sets the gauges; `ledger` is the one for whoever has time."""

    worker: Worker
    sockets: SocketState
    answerer: Answerer
    ledger: Ledger
    tokens_per_day: int
    asked_at: float = field(default=float("-inf"))

    def __post_init__(self) -> None:
        """Begin what is counted at 0: an alert on an increase would not see what begins at 1."""
        BUILD_INFO.labels(__version__).set(1)
        for origin in get_args(Origin):
            QUESTIONS.labels(origin, "published", "grounded")
            QUESTIONS.labels(origin, "gave_up", "none")
        for reason in WITHOUT_MODEL:
            MODEL_FAILURES.labels(reason)
        for vote in ("liked", "disliked"):
            FEEDBACK.labels(vote)

    async def refresh(self) -> None:
        """Set them to what holds now; what the ledger does not tell stays as it was."""
        SOCKETS_UP.set(self.sockets.up)
        used = min(len(self.worker.tasks), self.worker.at_once)
        SLOTS.set(self.worker.at_once)
        SLOTS_USED.set(used)
        QUESTIONS_WAITING.set(len(self.worker.tasks) - used)
        health = self.answerer.health()
        PASSAGES.set(health.passages)
        INDEX_BUILT.set(health.built_at)
        for model in health.models:
            MODEL_BREAKER_OPEN.labels(MODEL_LABEL(model.name)).set(model.is_left_alone)
        TOKENS_PER_DAY.set(self.tokens_per_day)
        if time.monotonic() - self.asked_at >= LEDGER_EVERY_S:
            self.asked_at = time.monotonic()
            await self._ask_ledger()

    async def _ask_ledger(self) -> None:
        try:
            totals = await self.ledger.usage.totals()
        except LedgerError as error:
            logger.info("The ledger can't be measured now: %s", error)
            return
        LEDGER_OPEN_QUESTIONS.set(totals.open_questions)
        ESCALATIONS_OPEN.set(totals.open_escalations)
        LEDGER_BYTES.set(totals.bytes)
        TOKENS_TODAY.set(totals.tokens_today)
