"""Background tasks, and the pauses between tries."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
MOST_DOUBLINGS = 10


def backoff(failures: int, *, share: float = 0.25) -> float:
    """Return the seconds until the next try after so many failures, at least 1: doubling, up to 15, with jitter."""
    pause_s = FIRST_PAUSE_S * 2 ** min(failures - 1, MOST_DOUBLINGS)
    return jitter(min(pause_s, LONGEST_PAUSE_S), share)


def jitter(seconds: float, share: float = 0.2) -> float:
    """Return about so many seconds, more or less by a share, so that not all questions and replicas try at once."""
    return seconds * random.uniform(1 - share, 1 + share)  # noqa: S311 - no secret


class BackgroundTasks:
    """Tasks that nobody waits for: at most so many at a time, and none fails unseen."""

    def __init__(self, *, most: int, on_error: Callable[[BaseException], None]) -> None:
        self.most = most
        self.on_error = on_error
        self.tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Begin something; what is one too many is left to whoever looks after it later."""
        if len(self.tasks) >= self.most:
            work.close()
            return
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    async def wait(self, timeout_s: float) -> None:
        """Let what is under way end, for so many seconds."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=timeout_s)

    async def cancel(self) -> None:
        """End all of it."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.on_error(error)
