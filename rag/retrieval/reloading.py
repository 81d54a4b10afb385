"""Reloading: a running bot goes over to what an ingest has brought, and outlasts outages of Milvus.

One task looks after all of that, so that a hundred waiting questions do not all try a server that is away.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.domain import Question
from rag.errors import EmbeddingError, RagError, RetrievalError, UnreachableError
from rag.health import Health

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rag.domain import Docs, Retrieved
    from rag.protocols import Retriever

logger = logging.getLogger(__name__)


WARM_UP = "How is data stord?"  # the typo loads the dictionary
PROBE_EVERY_S = 1.0
NOT_OPENED = "Milvus has not been opened yet."


def _nothing() -> None:
    """Close or check nothing."""


@dataclass(slots=True, kw_only=True)
class IndexSnapshot:
    """One state of the index: its retriever, its name, what closes it and what makes sure that it can be searched."""

    retriever: Retriever
    name: str
    close: Callable[[], None]
    check: Callable[[], None] = _nothing
    searching: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def transfer_close(self) -> Callable[[], None]:
        """Give what closes this generation to the next one, which shares it."""
        close, self.close = self.close, _nothing
        return close


@dataclass(slots=True, kw_only=True)
class ReloadingRetriever:
    """Searches the newest generation.

    `look` opens one that is newer than the given, if there is any; `reopen` opens the index as it is now, where that
    can be done beside the one that is open. `trouble` is why Milvus can't be searched for now.
    """

    snapshot: IndexSnapshot | None
    look: Callable[[IndexSnapshot], IndexSnapshot | None]
    reopen: Callable[[], IndexSnapshot] | None = None
    outage: RetrievalError | None = None
    outage_began: asyncio.Event = field(default_factory=asyncio.Event)
    is_warm: bool = False
    checked_at: float = field(default_factory=time.monotonic)
    """When Milvus last did what it was asked."""

    def docs(self) -> Docs | None:
        """Return what the newest generation searches; None while there is none."""
        return self.snapshot.retriever.docs() if self.snapshot else None

    def health(self) -> Health:
        """Return whether Milvus can be searched, and how long ago that was last seen."""
        docs = self.docs()
        return Health(
            trouble=self.outage.message if self.outage else "" if self.snapshot else NOT_OPENED,
            checked_s=time.monotonic() - self.checked_at,
            passages=docs.passages if docs else 0,
            built_at=docs.built_at if docs else 0.0,
        )

    async def search(self, question: Question, *, limit: int, reworded: Awaitable[str] | None = None) -> Retrieved:
        """Return what the newest generation finds; while Milvus is away raise RetrievalError at once."""
        snapshot = self.snapshot
        if self.outage or not snapshot:
            message = self.outage.message if self.outage else NOT_OPENED
            raise RetrievalError(message)
        snapshot.searching += 1
        try:
            found = await snapshot.retriever.search(question, limit=limit, reworded=reworded)
            self.checked_at = time.monotonic()
            return found  # noqa: TRY300 - what fails is the search
        except EmbeddingError:
            raise  # Milvus is well
        except RetrievalError as error:
            self._note(error)
            raise
        finally:
            snapshot.searching -= 1
            if not snapshot.searching:
                snapshot.idle.set()

    async def watch(self, every_s: float) -> None:
        """Look for a newer generation for ever, and for Milvus itself while it is away."""
        while True:
            try:
                await self._look_once(every_s)
            except Exception:
                logger.exception("Looking after Milvus failed; trying again.")  # nobody else would
                await asyncio.sleep(PROBE_EVERY_S)

    async def _look_once(self, every_s: float) -> None:
        if self.outage or not self.snapshot:
            await self._probe()
            return
        if not self.is_warm:
            await self.warm_up()
        try:
            async with asyncio.timeout(every_s if self.is_warm else PROBE_EVERY_S):
                await self.outage_began.wait()
        except TimeoutError:
            await self.refresh()

    async def warm_up(self) -> None:
        """Search once: that loads what the first asker need not wait for. A failure is noted."""
        with suppress(RetrievalError):
            await self.search(Question(text=WARM_UP), limit=1)
            self.is_warm = True

    async def refresh(self) -> None:
        """Go over to a newer generation, if there is one; the old one ends its searches and is closed."""
        older = self.snapshot
        if older is None:
            return
        try:
            newer = await asyncio.to_thread(self.look, older)
        except UnreachableError as error:
            self._note(error)
            return
        except RagError as error:
            logger.warning("A newer index can't be taken up; the one before goes on: %s", error)
            return
        self.checked_at = time.monotonic()
        if newer is not None:
            await self._replace(older, newer)

    def _note(self, error: RetrievalError) -> None:
        if not self.outage:
            logger.warning("The docs can't be searched; trying again every %g s: %s", PROBE_EVERY_S, error)
            self.outage = error
            self.outage_began.set()

    async def _probe(self) -> None:
        """Try once whether Milvus can be searched again, with the connection that there is or with a new one."""
        try:
            await self._check()
        except RagError as error:
            if str(error) != str(self.outage):  # it is back, and something else is wrong
                logger.warning("The docs can't be searched: %s", error)
                self.outage = RetrievalError(error.message, hint=error.hint)
            await asyncio.sleep(PROBE_EVERY_S)
            return
        logger.info("The docs can be searched again.")
        self.outage, self.checked_at = None, time.monotonic()
        self.outage_began.clear()

    async def _check(self) -> None:
        older = self.snapshot
        try:
            if older:
                await asyncio.to_thread(older.check)
                return
        except UnreachableError:
            if not self.reopen:
                raise
        if self.reopen:
            newer = await asyncio.to_thread(self.reopen)  # the connection may be what is broken
            if older:
                await self._replace(older, newer)
            self.snapshot = newer

    async def _replace(self, older: IndexSnapshot, newer: IndexSnapshot) -> None:
        self.snapshot = newer
        logger.info("Went over to a newer index: %s", newer.name)
        if older.searching:
            older.idle.clear()
            await older.idle.wait()
        await asyncio.to_thread(older.close)
