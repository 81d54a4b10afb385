"""Telemetry: the names of all metrics and spans. Any floor raises them; `bot.operations` only serves them.

Metrics follow Prometheus' naming: base units, `_total` for counters. No label holds a text, a channel or a person, and
each takes few values. Spans are OpenTelemetry's: without its SDK, and the OTEL_ variables, none is made.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opentelemetry import trace
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from rag.tracing import is_tracing, open_span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from opentelemetry.trace import Span

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each of ours, which nothing would show
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
TRACER = trace.get_tracer("milvusfaq.bot")

QUESTION_ID: ContextVar[str] = ContextVar("question_id", default="")
"""The ledger's id of the question that the current task works on; "" for none. JSON logs hold it."""


@contextmanager
def about(question: int) -> Iterator[None]:
    """Let what is logged until the block ends name this question."""
    token = QUESTION_ID.set(str(question))
    try:
        yield
    finally:
        QUESTION_ID.reset(token)


class NoSpan:
    """A span that goes nowhere: it costs nothing to open."""

    def __enter__(self) -> Span:
        """Open nothing."""
        return trace.INVALID_SPAN

    def __exit__(self, *_: object) -> None:
        """Close nothing."""


NO_SPAN = NoSpan()


def span(name: str, attributes: Mapping[str, str | int] | None = None) -> AbstractContextManager[Span]:
    """Open a span, where spans go anywhere."""
    return open_span(TRACER, name, attributes) if is_tracing() else NO_SPAN


ENVELOPE_SPAN, LEDGER_SPAN, QUESTION_SPAN, SLACK_SPAN = "slack envelope", "ledger", "question", "slack call"

SHORT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LONG_S = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)
LAG_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


def _counter(name: str, what: str, *labels: str) -> Counter:
    return Counter(f"milvusfaq_{name}", what, labels, registry=REGISTRY)


def _gauge(name: str, what: str, *labels: str) -> Gauge:
    return Gauge(f"milvusfaq_{name}", what, labels, registry=REGISTRY)


def _histogram(name: str, what: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
    return Histogram(f"milvusfaq_{name}", what, labels, buckets=buckets, registry=REGISTRY)


BUILD_INFO = _gauge("build_info", "1, with the version that runs.", "version")
DEPENDENCY_UP = _gauge("dependency_up", "Whether what the bot stands on works, as /readyz tells it.", "dependency")

QUESTIONS = _counter(
    "questions_total", "Attempts that ended, by how the question came and how it ended.", "origin", "outcome", "kind"
)
STATUS_SECONDS = _histogram("status_seconds", "From the acceptance until the first status.", buckets=SHORT_S)
FIRST_TEXT_SECONDS = _histogram("first_text_seconds", "From the acceptance until the first words.", buckets=LONG_S)
ANSWER_SECONDS = _histogram("answer_seconds", "From the acceptance until the whole answer.", "kind", buckets=LONG_S)
RETRIEVAL_SECONDS = _histogram("retrieval_seconds", "Until the passages were found.", buckets=SHORT_S)
REWRITE_SECONDS = _histogram("rewrite_seconds", "Until the model had worded a question anew.", buckets=SHORT_S)
MODEL_FIRST_TEXT_SECONDS = _histogram(
    "model_first_text_seconds", "The model's time until its first word.", "model", buckets=LONG_S
)
MODEL_SECONDS = _histogram("model_seconds", "The model's time until its last word.", "model", buckets=LONG_S)
MODEL_FAILURES = _counter("model_failures_total", "Answers without the model that was to write them.", "reason")
MODEL_BREAKER_OPEN = _gauge("model_breaker_open", "1 while the model is left alone after failures.", "model")
TOKENS = _counter("tokens_total", "Tokens that the model counted.", "model", "direction")
TOKENS_TODAY = _gauge("tokens_today", "Tokens of this day (UTC), over all replicas.")
TOKENS_PER_DAY = _gauge("tokens_per_day_limit", "LLM_TOKENS_PER_DAY; 0 for no limit.")
STATEMENTS = _counter("statements_total", "Statements of the model, by what the check says.", "verdict")

SLACK_CALLS = _counter("slack_calls_total", "Calls to Slack, by method and Slack's word for it.", "method", "result")
SLACK_RATE_LIMITED_SECONDS = _counter(
    "slack_rate_limited_seconds_total", "For how long Slack wanted to be left alone (429).", "method"
)
SOCKETS_UP = _gauge("sockets_up", "Socket Mode connections that are up.")
SOCKET_RECONNECTS = _counter("socket_reconnects_total", "Connections that ended, by why.", "reason")

QUESTIONS_WAITING = _gauge("questions_waiting", "Questions that wait for a slot in this process.")
SLOTS_USED = _gauge("slots_used", "Questions that are worked on in this process.")
SLOTS = _gauge("slots", "ANSWERS_AT_ONCE.")
LEASES_RECLAIMED = _counter("leases_reclaimed_total", "Questions taken over from a process that left them.")
LEDGER_OPEN_QUESTIONS = _gauge("ledger_open_questions", "Questions that somebody has to work on, of all replicas.")
LEDGER_BYTES = _gauge("ledger_bytes", "Size of the ledger's database.")
EVENT_LOOP_LAG = _histogram(
    "event_loop_lag_seconds", "How late the event loop came back to a timer of 20 ms.", buckets=LAG_S
)

FEEDBACK = _counter("feedback_total", "Thumbs that were pressed.", "vote")
FEEDBACK_REASONS = _counter("feedback_reasons_total", "Forms that say why an answer was disliked.", "reason")
ESCALATIONS = _counter("escalations_total", "Calls for a person.")
ESCALATIONS_OPEN = _gauge("escalations_open", "Calls for a person that nobody has resolved.")

PASSAGES = _gauge("passages", "Passages in the collection that is searched.")
INDEX_BUILT = _gauge("index_built_timestamp_seconds", "When an ingest last changed the collection.")

MOST_VALUES = 40


@dataclass(slots=True)
class BoundedLabel:
    """A label whose values come from elsewhere: the first of them are kept, the rest is `other`."""

    most: int = MOST_VALUES
    known: set[str] = field(default_factory=set)

    def __call__(self, value: str) -> str:
        """Return the value, or `other`."""
        if value in self.known or len(self.known) < self.most:
            self.known.add(value)
            return value
        return "other"


MODEL_LABEL, METHOD_LABEL, RESULT_LABEL, REASON_LABEL = (BoundedLabel() for _ in range(4))


@dataclass(slots=True)
class Heartbeat:
    """When something that goes on for ever last worked, and what was wrong with it since."""

    at: float = field(default_factory=time.monotonic)
    trouble: str = ""

    def beat(self) -> None:
        """Note that it worked."""
        self.at, self.trouble = time.monotonic(), ""

    def fail(self, reason: str) -> None:
        """Note that it did not."""
        self.trouble = reason

    @property
    def age_s(self) -> float:
        """Seconds since it last worked."""
        return time.monotonic() - self.at
