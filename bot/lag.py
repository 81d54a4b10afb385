"""This file is where it is noticed that something keeps the event loop from its work: then acks and pings wait too."""

from __future__ import annotations

import asyncio
import logging
import time

logger = logging.getLogger(__name__)

TICK_S = 0.02
TOO_LONG_S = 0.05


async def watch_lag() -> None:
    """Warn, for ever, when the loop was blocked for more than 50 ms by this process itself.

    What another process on the machine took is no news: time that this one did not compute is not counted.
    """
    while True:
        wall, computed = time.monotonic(), time.process_time()
        await asyncio.sleep(TICK_S)
        late = time.monotonic() - wall - TICK_S
        blocked = min(late, time.process_time() - computed)
        if blocked > TOO_LONG_S:
            logger.warning("The event loop was blocked for %.0f ms.", blocked * 1_000)
