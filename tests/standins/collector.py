"""A stand-in of an OpenTelemetry collector: takes spans by OTLP over HTTP, and remembers them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.standins.server import StandInServer

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span


class CollectorStandIn(StandInServer):
    """A collector whose spans can be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[ExportTraceServiceRequest] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/traces", self._on_traces)]

    def traces(self) -> dict[bytes, list[Span]]:
        """Return the spans by their trace."""
        found: dict[bytes, list[Span]] = defaultdict(list)
        for request in self.requests:
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        found[span.trace_id].append(span)
        return found

    def services(self) -> set[str]:
        """Return who has sent spans."""
        resources = [resource.resource for request in self.requests for resource in request.resource_spans]
        return {one.value.string_value for each in resources for one in each.attributes if one.key == "service.name"}

    async def _on_traces(self, request: web.Request) -> web.Response:
        read: Any = ExportTraceServiceRequest()
        read.ParseFromString(await request.read())
        with self.changed:
            self.requests.append(read)
            self.changed.notify_all()
        return web.Response(body=b"", content_type="application/x-protobuf")
