"""Traces: OpenTelemetry's SDK, set up where its usual variables ask for it. Otherwise no span is made."""

from __future__ import annotations

import os

from bot import __version__
from rag import SettingsError

ASKING = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")


def set_up_traces() -> None:
    """Send spans to where OTEL_EXPORTER_OTLP_ENDPOINT says; raise SettingsError where the SDK is not installed."""
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower()
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_disabled or exporter == "none" or not any(os.environ.get(name) for name in ASKING):
        return
    if exporter != "otlp":
        message = f"OTEL_TRACES_EXPORTER={exporter} is not supported."
        raise SettingsError(message, hint="Set it to otlp or none.")
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        message = "The OTEL_ variables ask for traces, and OpenTelemetry's SDK is not installed."
        raise SettingsError(
            message, hint="Run: pip install 'milvusfaq[otel]', or set OTEL_SDK_DISABLED=true"
        ) from error
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "milvusfaq"}
    resource = Resource.create({SERVICE_VERSION: __version__, **named})
    provider = TracerProvider(resource=resource)  # it sends what is left when the process ends
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
