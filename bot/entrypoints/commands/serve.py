"""The bot as a process: settings, ledger, answerer, sockets, and back down."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

from pydantic import ValidationError

from bot.entrypoints.event_loop import watch_event_loop
from bot.entrypoints.logs import hide, set_up_logs
from bot.entrypoints.wiring import Bot, open_bot
from bot.ledger import LedgerError, open_ledger
from bot.settings import OWNER_ONLY, SlackSettings, explain_validation_error, secrets_of
from bot.slack.sockets import CutOffError
from rag import RagError
from rag.settings import RagSettings
from rag.wiring import open_answerer

logger = logging.getLogger(__name__)


def run() -> None:
    """Run until stopped; what can't work ends it at once, with exit code 1 and the line that says what to do."""
    formatter = set_up_logs(logging.INFO, "%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.umask(OWNER_ONLY)  # what is written here, questions above all, is for the owner alone
    try:
        slack, rag = SlackSettings(), RagSettings()
        hide(formatter, secrets_of(slack, rag))
        for package in ("bot", "rag"):  # the libraries' own debugging would show what people write
            logging.getLogger(package).setLevel(slack.log_level)
        slack.check_tokens()
        asyncio.run(_serve(slack, rag))
    except (RagError, LedgerError, CutOffError) as error:
        sys.exit(formatter.clean(f"milvusfaq: {error}"))
    except ValidationError as error:
        sys.exit(formatter.clean(f"milvusfaq: {explain_validation_error(error)}"))
    except asyncio.CancelledError:
        logger.info("Stopped before the start was done.")
    except Exception:
        logger.critical("The bot ends: a mistake of its own.", exc_info=True)  # the formatter cleans the traceback
        sys.exit(1)


async def _serve(slack: SlackSettings, rag: RagSettings) -> None:
    starting = asyncio.current_task()
    if starting:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, starting.cancel)
    ledger, answerer = open_ledger(slack.ledger_url(rag.milvus_uri)), open_answerer(rag, patient=True)
    async with open_bot(slack, ledger=ledger, answerer=answerer) as bot:
        await _work(bot, grace_s=slack.shutdown_grace_s)


async def _work(bot: Bot, *, grace_s: float) -> None:
    """Answer until SIGTERM or SIGINT; then take no more events, end what is under way, and release the rest."""
    connected = asyncio.create_task(bot.connect())
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, connected.cancel)
    jobs = [asyncio.create_task(job()) for job in (*bot.jobs, watch_event_loop)]
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
