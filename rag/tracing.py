"""Spans of rag, by the OpenTelemetry API alone: whoever runs the process decides whether they go anywhere.

A language model's span follows the conventions for generative AI: opentelemetry.io/docs/specs/semconv/gen-ai.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping

    from opentelemetry.trace import Span, Tracer

T = TypeVar("T")
TRACER = trace.get_tracer("milvusfaq.rag")

RETRIEVE, EMBED, DENSE, SPARSE, RANK = "retrieve", "embed", "search dense", "search sparse", "rank"
REWRITE = "rewrite"


@cache
def is_tracing() -> bool:
    """Tell whether spans go anywhere: that is settled before the first one."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


@contextmanager
def open_span(tracer: Tracer, name: str, attributes: Mapping[str, str | int] | None = None) -> Iterator[Span]:
    """Open a span that tells of an error its kind alone: a driver's words, and a traceback's, may quote people."""
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as error:
            _note(span, error)
            raise


async def traced(name: str, work: Awaitable[T]) -> T:
    """Wait for something within a span of this name, where spans go anywhere."""
    if not is_tracing():
        return await work
    with open_span(TRACER, name):
        return await work


@contextmanager
def chat_span(model: str, request: Mapping[str, str | int | float]) -> Iterator[Span]:
    """Open the span of a call to a language model; it may end in another context than it began in."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model}
    span = TRACER.start_span(f"chat {model}", kind=SpanKind.CLIENT, attributes={**attributes, **request})
    try:
        yield span
    except Exception as error:
        _note(span, error)
        raise
    finally:
        span.end()


def _note(span: Span, error: Exception) -> None:
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)
