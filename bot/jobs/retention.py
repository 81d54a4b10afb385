"""This file is where a running bot forgets, hour by hour, what it has kept for long enough."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from bot.ledger import LedgerError, forget_older_than

if TYPE_CHECKING:
    from bot.ledger import Ledger

logger = logging.getLogger(__name__)


EVERY_S = 3_600.0


async def keep_house(ledger: Ledger, *, days: int) -> None:
    """Delete the text of questions older than `days`, now and every hour, for ever."""
    while True:
        try:
            if forgotten := await forget_older_than(ledger.database, days):
                logger.info("Forgot the text of %d questions older than %d days.", forgotten, days)
        except LedgerError as error:
            logger.warning("Old questions can't be forgotten now: %s", error)
        await asyncio.sleep(EVERY_S)
