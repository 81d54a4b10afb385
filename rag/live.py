"""This file is where a running bot goes over to what an ingest has brought, without missing a question."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.domain import Question
from rag.errors import RagError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.domain import Retrieved
    from rag.protocols import Retriever

logger = logging.getLogger(__name__)

WARM_UP = "How is data stord?"  # the slip brings in the dictionary


def _nothing() -> None:
    """Close nothing: what was to be closed has gone over to the next generation."""


@dataclass(slots=True, kw_only=True)
class Generation:
    """One state of the index: its retriever, its name, and what closes it."""

    retriever: Retriever
    name: str
    close: Callable[[], None]
    searching: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def hand_on(self) -> Callable[[], None]:
        """Give what closes this generation to the next one, which shares it."""
        close, self.close = self.close, _nothing
        return close


@dataclass(slots=True, kw_only=True)
class LiveRetriever:
    """Searches the newest generation; `look` opens one that is newer than the given, if there is any."""

    generation: Generation
    look: Callable[[Generation], Generation | None]

    async def search(self, question: Question, *, limit: int) -> Retrieved:
        """Return what the generation that is the newest now finds."""
        generation = self.generation
        generation.searching += 1
        try:
            return await generation.retriever.search(question, limit=limit)
        finally:
            generation.searching -= 1
            if not generation.searching:
                generation.idle.set()

    async def watch(self, every_s: float) -> None:
        """Look for a newer generation for ever. A first search loads what the first asker need not wait for."""
        try:
            await self.search(Question(text=WARM_UP), limit=1)
        except RagError as error:
            logger.warning("The first search failed: %s", error)
        while True:
            await asyncio.sleep(every_s)
            await self.refresh()

    async def refresh(self) -> None:
        """Go over to a newer generation, if there is one; the old one ends its searches and is closed."""
        try:
            newer = await asyncio.to_thread(self.look, self.generation)
        except RagError as error:
            logger.warning("A newer index can't be taken up; the one before goes on: %s", error)
            return
        if newer is None:
            return
        older, self.generation = self.generation, newer
        logger.info("Went over to a newer index: %s", newer.name)
        if older.searching:
            older.idle.clear()
            await older.idle.wait()
        await asyncio.to_thread(older.close)
