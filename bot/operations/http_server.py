"""The operations port: /livez, /readyz, /metrics, and /statusz for `milvusfaq doctor`."""

from __future__ import annotations

import os
import socket
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from bot import __version__
from bot.operations.health import as_json, set_gauges
from bot.telemetry import REGISTRY
from rag import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.domain import BotIdentity
    from bot.operations.gauges import Gauges
    from bot.operations.health import Readiness
    from bot.settings import OperationsSettings

STOPS_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsServer:
    """Answers whoever runs the bot. It tells no text, no person and no secret."""

    readiness: Readiness
    gauges: Gauges
    identity: BotIdentity
    started_at: float = field(default_factory=time.time)

    def app(self) -> web.Application:
        """Return the web application."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/livez", self.on_livez),
                web.get("/readyz", self.on_readyz),
                web.get("/metrics", self.on_metrics),
                web.get("/statusz", self.on_statusz),
            ]
        )
        return app

    async def on_livez(self, _: web.Request) -> web.Response:
        """Say that the event loop turns."""
        return web.Response(text="ok\n")

    async def on_readyz(self, _: web.Request) -> web.Response:
        """Say whether questions are answered, and what stands against it; 503 while they are not."""
        told = as_json(self.readiness.checks())
        return web.json_response(told, status=503 if told["status"] == "unready" else 200)

    async def on_metrics(self, request: web.Request) -> web.Response:
        """Return all metrics, in the form that the scraper asks for."""
        await self.gauges.refresh()
        set_gauges(self.readiness.checks())
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})

    async def on_statusz(self, _: web.Request) -> web.Response:
        """Return what only the running process knows."""
        return web.json_response(self.status())

    def status(self) -> dict[str, Any]:
        """Return what `milvusfaq doctor` asks of a running bot."""
        health = self.readiness.answerer.health()
        return {
            **as_json(self.readiness.checks()),
            "version": __version__,
            "process": os.getpid(),
            "started_at": self.started_at,
            "team": self.identity.team,
            "user": self.identity.user,
            "seen": dict(self.readiness.sockets.seen),
            "passages": health.passages,
            "built_at": health.built_at,
            "worked_on": len(self.gauges.worker.tasks),
        }


@contextmanager
def reserved_port(settings: OperationsSettings) -> Iterator[socket.socket | None]:
    """Take the port before anything else is done, where one is set; raise SettingsError where it is taken."""
    if not settings.operations_port:
        yield None
        return
    place = settings.operations_host, settings.operations_port
    try:
        family = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)[0][0]
        opened = socket.create_server(place, family=family)
    except OSError as error:
        message = f"OPERATIONS_PORT {settings.operations_port} can't be opened ({error.strerror})."
        raise SettingsError(message, hint="Is another bot running? Set another port, or 0 for none.") from error
    with opened:
        yield opened


@asynccontextmanager
async def serving(server: OperationsServer, port: socket.socket | None) -> AsyncIterator[None]:
    """Serve at a port that was taken, while it is open; nothing where there is none."""
    if port is None:
        yield
        return
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=STOPS_WITHIN_S)
    await runner.setup()
    try:
        await web.SockSite(runner, port).start()
        yield
    finally:
        await runner.cleanup()
