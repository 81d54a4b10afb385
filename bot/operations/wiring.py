"""Wiring of operations: what looks at a running bot is built from its parts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.operations.canary import CanaryWatch, read_canary
from bot.operations.gauges import Gauges
from bot.operations.health import Readiness
from bot.operations.http_server import OperationsServer, serving
from bot.operations.report.figures import Reporter
from bot.operations.report.posting import WeeklyReport
from bot.text.weekly_time import read_weekly_time
from rag.backends.embedding import open_bundled

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Coroutine

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity
    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.settings import OperationsSettings
    from bot.slack.channels import Channels
    from bot.slack.sockets import SocketState
    from bot.telemetry import Heartbeat
    from rag import Answerer

    Job = Callable[[], Coroutine[object, object, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedParts:
    """The parts of a running bot that operations look at; `ledger` is the one for whoever has time.

    `records` tells when it was last noted in the ledger that this replica is connected.
    """

    worker: Worker
    sockets: SocketState
    records: Heartbeat
    answerer: Answerer
    ledger: Ledger
    identity: BotIdentity
    client: AsyncWebClient
    channels: Channels
    tokens_per_day: int


@asynccontextmanager
async def operating(
    watched: WatchedParts, settings: OperationsSettings, *, port: socket.socket | None, refresh_s: float
) -> AsyncIterator[tuple[Job, ...]]:
    """Serve at the operations port, where there is one, and give the jobs that go on meanwhile."""
    canary = CanaryWatch(answerer=watched.answerer, canary=read_canary(settings.canary))
    readiness = Readiness(
        sockets=watched.sockets,
        renewals=watched.worker.renewals,
        records=watched.records,
        answerer=watched.answerer,
        canary=canary,
        refresh_s=refresh_s,
    )
    gauges = Gauges(
        worker=watched.worker,
        sockets=watched.sockets,
        answerer=watched.answerer,
        ledger=watched.ledger,
        tokens_per_day=watched.tokens_per_day,
    )
    server = OperationsServer(readiness=readiness, gauges=gauges, identity=watched.identity)
    jobs: list[Job] = [canary.run]
    if settings.report_channel:
        jobs.append(_weekly_report(watched, settings).run)
    async with serving(server, port):
        yield tuple(jobs)


def _weekly_report(watched: WatchedParts, settings: OperationsSettings) -> WeeklyReport:
    reporter = Reporter(
        reporting=watched.ledger.reporting,
        rule=watched.channels,
        encode=open_bundled().encode_queries,
        workspace=watched.identity.workspace,
        report_channel=settings.report_channel,
    )
    return WeeklyReport(
        client=watched.client,
        reporter=reporter,
        reporting=watched.ledger.reporting,
        bot=watched.identity,
        channel=settings.report_channel,
        at=read_weekly_time(settings.report_at),
    )
