"""Event loop lag: something keeps the loop from its work, and acks and pings wait too."""

from __future__ import annotations

import asyncio
import logging
import time

from bot.telemetry import EVENT_LOOP_LAG

logger = logging.getLogger(__name__)


TICK_S = 0.02
TOO_LONG_S = 0.05


async def watch_event_loop() -> None:
    """Warn, for ever, when the loop was blocked for more than 50 ms by this process itself.

    What another process on the machine took is no news: time that this one did not compute is not counted. What the
    loop itself computed is told apart from what it waited while other threads did.
    """
    while True:
        wall, computed, by_loop = time.monotonic(), time.process_time(), time.thread_time()
        await asyncio.sleep(TICK_S)
        late = time.monotonic() - wall - TICK_S
        EVENT_LOOP_LAG.observe(late)
        blocked, by_loop = min(late, time.process_time() - computed), min(late, time.thread_time() - by_loop)
        if blocked > TOO_LONG_S:
            logger.warning(
                "The event loop was blocked for %.0f ms, %.0f of them by its own work.",
                blocked * 1_000,
                by_loop * 1_000,
            )
