"""The fallback: a second language model answers where the first can't."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.domain import WrittenBy
from rag.errors import GenerationError, RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rag.domain import Piece
    from rag.health import ModelHealth
    from rag.protocols import ChatModel

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FallbackModel:
    """Two chat models, each behind a breaker of its own.

    `other` is asked while `first` is left alone, and where it fails before its first word.
    """

    first: ChatModel
    other: ChatModel

    @property
    def name(self) -> str:
        """The first model's name; a reply of the other one says so."""
        return self.first.name

    def health(self) -> tuple[ModelHealth, ...]:
        """Return how both do."""
        return (*self.first.health(), *self.other.health())

    async def stream(self, instructions: str, message: str) -> AsyncIterator[Piece]:
        """Yield a reply; raise LeftAloneError while neither is asked."""
        has_spoken = False
        try:
            async for piece in self.first.stream(instructions, message):
                has_spoken = True
                yield piece
        except RequestRefusedError:
            raise  # it is there: another request may be answered
        except GenerationError as error:
            if has_spoken:
                raise
            logger.info("%s answers in place of %s: %s", self.other.name, self.first.name, error)
        else:
            return
        yield WrittenBy(self.other.name)
        async for piece in self.other.stream(instructions, message):
            yield piece
