"""Traces: OpenTelemetry's SDK, set up where its usual variables ask for it. Otherwise no span is made."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from bot import __version__
from rag import SettingsError

ASKING = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")
HTTP, DEFAULT_COLLECTOR = "http/protobuf", "http://localhost:4318"
SENDS_WITHIN_S = "2"
"""A collector that is away costs so much at the end: the SDK's own ten seconds, tried again, may meet the kill."""


def wanted_exporter() -> str:
    """Return where OpenTelemetry's variables want spans to go: otlp, console, or "" for nowhere.

    Raise SettingsError where they want what is not there.
    """
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower()
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_disabled or exporter == "none" or not any(os.environ.get(name) for name in ASKING):
        return ""
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if exporter not in {"otlp", "console"} or (protocol or HTTP) != HTTP:
        message = "Traces go by OTLP over HTTP, or to the console."
        hint = "Set OTEL_TRACES_EXPORTER to otlp, console or none, OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf."
        raise SettingsError(message, hint=hint)
    if find_spec("opentelemetry.exporter") is None:
        message = "The OTEL_ variables ask for traces, and OpenTelemetry's SDK is not installed."
        hint = "Run: pip install 'milvusfaq[otel]', or set OTEL_SDK_DISABLED=true"
        raise SettingsError(message, hint=hint)
    return exporter


def collector() -> str:
    """Return the address that spans are sent to."""
    named = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return named or DEFAULT_COLLECTOR


def set_up_traces() -> None:
    """Send spans to where they are wanted; raise SettingsError where that can't be."""
    if exporter := wanted_exporter():
        _send_spans(to_console=exporter == "console")


def _send_spans(*, to_console: bool) -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

    told = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    named = {} if told else {SERVICE_NAME: "milvusfaq"}
    resource = Resource.create({SERVICE_VERSION: __version__, **named})
    os.environ.setdefault("OTEL_EXPORTER_OTLP_TIMEOUT", SENDS_WITHIN_S)
    provider = TracerProvider(resource=resource)  # it sends what is left when the process ends
    exporter = ConsoleSpanExporter(out=sys.stderr) if to_console else OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
