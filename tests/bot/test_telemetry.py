"""Telemetry: labels stay few, whatever is put into them."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot import telemetry
from bot.ledger import LedgerError
from bot.slack.replies import method_of
from bot.telemetry import BoundedLabel


def test_a_label_keeps_its_first_values_and_calls_the_rest_other() -> None:
    label = BoundedLabel(most=2)
    assert [label(value) for value in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_the_parts_of_a_response_url_are_no_label() -> None:
    assert method_of("/api/chat.postMessage") == "chat.postMessage"
    assert method_of("/api/assistant.threads.setStatus") == "assistant.threads.setStatus"
    assert method_of("/commands/T0/123/s3cr3t") == "response_url"


def test_a_span_tells_of_an_error_its_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "TRACER", provider.get_tracer("test"))
    monkeypatch.setattr(telemetry, "is_tracing", lambda: True)
    with pytest.raises(LedgerError), telemetry.span("ledger"):
        raise LedgerError("It failed.") from ValueError("my private question")
    (span,) = exporter.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "LedgerError"
    assert "private" not in span.to_json()


def test_where_spans_go_nowhere_none_is_made() -> None:
    with telemetry.span("ledger", {"a": 1}) as span:
        assert not span.is_recording()
        assert not span.get_span_context().is_valid
