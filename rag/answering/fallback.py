"""The fallback: a second language model answers while the first is left alone."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.domain import WrittenBy
from rag.errors import LeftAloneError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rag.domain import Piece
    from rag.protocols import ChatModel

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FallbackModel:
    """Two chat models, each behind a breaker of its own; `other` is asked only while `first` is left alone."""

    first: ChatModel
    other: ChatModel

    @property
    def name(self) -> str:
        """The first model's name; a reply of the other one says so."""
        return self.first.name

    async def stream(self, instructions: str, message: str) -> AsyncIterator[Piece]:
        """Yield a reply; raise LeftAloneError while neither is asked."""
        try:
            async for piece in self.first.stream(instructions, message):
                yield piece
        except LeftAloneError:
            logger.debug("%s answers in place of %s", self.other.name, self.first.name)
        else:
            return
        yield WrittenBy(self.other.name)
        async for piece in self.other.stream(instructions, message):
            yield piece
