"""The bot's process: everything is opened, works until it is told to stop, and is closed again."""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import TYPE_CHECKING

from bot import __version__
from bot.entrypoints.event_loop import watch_event_loop
from bot.entrypoints.signals import STOPS
from bot.entrypoints.wiring import Bot, open_bot
from bot.ledger import LedgerError, open_ledger
from bot.operations.http_server import reserved_port
from bot.operations.wiring import operating
from bot.slack.sockets import CutOffError
from rag import RagError
from rag.wiring import open_answerer

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from bot.operations.wiring import Job
    from bot.settings import OperationsSettings, SlackSettings
    from rag.settings import RagSettings

logger = logging.getLogger(__name__)


EXPECTED = (RagError, LedgerError, CutOffError)
"""What ends the bot with a line that says what to do."""


async def serve(slack: SlackSettings, rag: RagSettings, operations: OperationsSettings) -> None:
    """Answer until SIGTERM or SIGINT; raise one of EXPECTED when it can't go on."""
    starting = asyncio.current_task()
    if starting:
        for number in STOPS:
            asyncio.get_running_loop().add_signal_handler(number, starting.cancel)
    with reserved_port(operations) as port:
        await _serve_at(port, slack, rag, operations)


async def _serve_at(
    port: socket.socket | None, slack: SlackSettings, rag: RagSettings, operations: OperationsSettings
) -> None:
    ledger, answerer = open_ledger(slack.ledger_url(rag.milvus_uri)), open_answerer(rag, patient=True)
    async with (
        open_bot(slack, ledger=ledger, answerer=answerer, model_host=rag.model_host) as bot,
        operating(bot.watched, operations, port=port, refresh_s=rag.index_refresh_s) as more_jobs,
    ):
        _tell(bot, rag, operations)
        gc.collect()
        gc.freeze()  # what the start has built stays: looking through it again blocks the loop for .1 s
        await _work(bot, (*bot.jobs, *more_jobs, watch_event_loop), grace_s=slack.shutdown_grace_s)


def _tell(bot: Bot, rag: RagSettings, operations: OperationsSettings) -> None:
    """Say what runs, and on what: the first question of whoever reads the log."""
    health, identity = bot.watched.answerer.health(), bot.watched.identity
    logger.info(
        "milvusfaq %s as @%s: %d passages, language model %s, ledger in %s, operations port %s.",
        __version__,
        identity.name,
        health.passages,
        f"{rag.llm_model} at {rag.model_host}" if rag.model_host else "none",
        bot.ledger.database.dialect,
        operations.operations_port or "off",
    )


async def _work(bot: Bot, work: Sequence[Job], *, grace_s: float) -> None:
    """Answer until SIGTERM or SIGINT; then take no more events, end what is under way, and release the rest."""
    connected = asyncio.create_task(bot.connect())
    loop = asyncio.get_running_loop()
    for number in STOPS:
        loop.add_signal_handler(number, connected.cancel)
    jobs = [asyncio.create_task(job()) for job in work]
    ended, _ = await asyncio.wait({connected, *jobs}, return_when=asyncio.FIRST_COMPLETED)
    logger.info("Stopping.")
    connected.cancel()
    await asyncio.gather(connected, return_exceptions=True)
    await bot.worker.drain(grace_s)  # with the leases renewed
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    for task in ended:
        if not task.cancelled():
            task.result()  # raises what ended it
