"""The circuit breaker: a language model that is down is left alone, so that it costs no question its whole timeout.

After some failures in a row nobody is let through for a while; then one question tries, and the others wait for what
comes of it. Meanwhile answers are extractive.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import GenerationError, LeftAloneError, RequestRefusedError
from rag.health import ModelHealth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rag.domain import Piece
    from rag.protocols import ChatModel

logger = logging.getLogger(__name__)


FAILURES_ALLOWED = 3
SILENT_FOR_S = 3.0
"""Who gives a call up sooner than this has changed their mind."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 120.0
MOST_DOUBLINGS = 10


@dataclass(slots=True)
class CircuitBreakerModel:
    """A chat model behind a breaker; `clock` gives seconds that never run backwards."""

    model: ChatModel
    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    open_until: float = 0.0
    is_trying: bool = False
    trouble: str = ""
    """What the last failure was; "" when it works."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    def health(self) -> tuple[ModelHealth, ...]:
        """Return how the model does. It counts as left alone until it has worked again."""
        is_left_alone = self.failures >= FAILURES_ALLOWED
        return (ModelHealth(name=self.name, is_left_alone=is_left_alone, failures=self.failures, trouble=self.trouble),)

    def stream(self, instructions: str, message: str) -> AsyncIterator[Piece]:
        """Yield the model's reply; raise LeftAloneError at once while it is left alone."""
        return self.watched(instructions, message, proves=True)

    async def watched(self, instructions: str, message: str, *, proves: bool) -> AsyncIterator[Piece]:
        """Yield a reply whose failure counts, and whose success does where it `proves` that answers come through.

        Whoever gives up a call before its first word, after some patience, has met a failure too.
        """
        begun, has_spoken = self.clock(), False
        broken = self.failures >= FAILURES_ALLOWED
        if broken and (self.is_trying or self.clock() < self.open_until):
            raise LeftAloneError("The language model is not working right now.")
        self.is_trying = broken
        try:
            async for piece in self.model.stream(instructions, message):
                has_spoken = True
                yield piece
        except (asyncio.CancelledError, GeneratorExit):
            if not has_spoken and self.clock() - begun >= SILENT_FOR_S:
                self._failed(GenerationError("The language model was silent until it was given up."))
            raise
        except RequestRefusedError:
            raise  # the model is there
        except GenerationError as error:
            if broken or self.failures < FAILURES_ALLOWED:  # else it began before the others failed: no news
                self._failed(error)
            raise
        finally:
            self.is_trying = self.is_trying and not broken
        if proves:
            self._works(again=broken)

    def _works(self, *, again: bool) -> None:
        if again:
            logger.info("The language model works again.")
        self.failures, self.trouble = 0, ""

    def _failed(self, error: GenerationError) -> None:
        self.failures, self.trouble = self.failures + 1, error.message
        if self.failures >= FAILURES_ALLOWED:
            doublings = min(self.failures - FAILURES_ALLOWED, MOST_DOUBLINGS)
            pause = min(FIRST_PAUSE_S * 2**doublings, LONGEST_PAUSE_S)
            self.open_until = self.clock() + pause
            logger.warning(
                "The language model is left alone for %g s after %d failures: %s", pause, self.failures, error
            )


@dataclass(frozen=True, slots=True)
class UncountedCalls:
    """The same model, behind the same breaker, for what is not an answer: that it manages those proves little."""

    breaking: CircuitBreakerModel

    @property
    def name(self) -> str:
        """The model's name."""
        return self.breaking.name

    def health(self) -> tuple[ModelHealth, ...]:
        """Return how it does."""
        return self.breaking.health()

    def stream(self, instructions: str, message: str) -> AsyncIterator[Piece]:
        """Yield the model's reply; raise LeftAloneError at once while it is left alone."""
        return self.breaking.watched(instructions, message, proves=False)
