"""This file is where the bot starts: `python -m bot`. Settings → ledger → answerer → app → sockets, and back down."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bot.entrypoints.event_loop import watch_lag
from bot.entrypoints.logs import hide, set_up_logs
from bot.entrypoints.wiring import Parts
from bot.jobs.retention import keep_house
from bot.ledger import LedgerError, open_ledger
from bot.listeners.routing import build_app
from bot.settings import OWNER_ONLY, SlackSettings, explain_validation_error, secrets_of
from bot.slack.client import check_tokens, open_client
from bot.slack.sockets import CutOffError, stay_connected
from rag import RagError
from rag.settings import RagSettings
from rag.wiring import open_answerer

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from bot.jobs.worker import Workers

logger = logging.getLogger(__name__)


def run() -> None:
    """Run until stopped; what can't work ends it at once, with exit code 1 and the line that says what to do."""
    formatter = set_up_logs(logging.INFO, "%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.umask(OWNER_ONLY)  # what is written here, questions above all, is for the owner alone
    try:
        slack, rag = SlackSettings(), RagSettings()
        hide(formatter, secrets_of(slack, rag))
        for house in ("bot", "rag"):  # the libraries' own debugging would show what people write
            logging.getLogger(house).setLevel(slack.log_level)
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
    async with (
        open_client(slack.slack_bot_token.get_secret_value(), slack.slack_api_url) as client,
        open_ledger(slack.ledger_url(rag.milvus_uri)) as ledger,
    ):
        identity = await check_tokens(client, slack.slack_app_token.get_secret_value())
        async with open_answerer(rag, patient=True) as answerer:
            parts = Parts(slack=slack, client=client, ledger=ledger, answerer=answerer, identity=identity)
            workers = parts.workers()
            app = build_app(client, parts.listeners(workers), identity)
            hearing = stay_connected(
                app, client, slack.slack_app_token.get_secret_value(), exit_after_s=slack.slack_disconnect_exit_s
            )
            chores = (
                workers.look_after(),
                parts.escalation.look_after(),
                keep_house(ledger, days=slack.retention_days),
                watch_lag(),
            )
            await _work(workers, hearing, chores, grace_s=slack.shutdown_grace_s)


async def _work(
    workers: Workers,
    hear: Coroutine[object, object, None],
    look_after: Sequence[Coroutine[object, object, None]],
    *,
    grace_s: float,
) -> None:
    """Answer until SIGTERM or SIGINT; then hear no more, end what is under way, and hand the rest on."""
    hearing = asyncio.create_task(hear)
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, hearing.cancel)
    chores = [asyncio.create_task(chore) for chore in look_after]
    ended, _ = await asyncio.wait({hearing, *chores}, return_when=asyncio.FIRST_COMPLETED)
    logger.info("Stopping.")
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    await workers.drain(grace_s)  # with the leases renewed
    for chore in chores:
        chore.cancel()
    await asyncio.gather(*chores, return_exceptions=True)
    for task in ended:
        if not task.cancelled():
            task.result()  # raises what ended it
