"""Retention: hour by hour a running bot deletes what it has kept for long enough."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.ledger import LedgerError

if TYPE_CHECKING:
    from bot.ledger import Ledger

logger = logging.getLogger(__name__)

EVERY_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Deletes the text of questions older than so many `days`."""

    ledger: Ledger
    days: int

    async def run(self) -> None:
        """Do so now and every hour, for ever."""
        while True:
            try:
                if forgotten := await self.ledger.deletion.forget_older_than(self.days):
                    logger.info("Forgot the text of %d questions older than %d days.", forgotten, self.days)
            except LedgerError as error:
                logger.warning("Old questions can't be forgotten now: %s", error)
            await asyncio.sleep(EVERY_S)
