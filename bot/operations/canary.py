"""The canary: a question whose page is known is searched now and then; when it is not found, the index is bad."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag import Question, RetrievalError

if TYPE_CHECKING:
    from rag import Answerer, Passage

logger = logging.getLogger(__name__)

AMONG_FIRST = 3
EVERY_S = 3_600.0
LOOK_EVERY_S = 2.0
"""How often it is looked whether an ingest has brought something new."""
STARTER = "starter"


@dataclass(frozen=True, slots=True)
class Canary:
    """A question, and where its answer stands: the end of a page's path, perhaps with # and a heading on it."""

    question: str
    page: str

    def is_found_in(self, passage: Passage) -> bool:
        """Tell whether a passage stands there."""
        path, _, heading = self.page.partition("#")
        is_page = passage.path == path or passage.path.endswith(f"/{path}")
        return is_page and (not heading or heading.casefold() in map(str.casefold, passage.headings))


STARTER_CANARY = Canary(
    "How is data stored in Milvus?", "starter_faq.md#Where does Milvus keep the data that I insert?"
)
"""Asked where the starter FAQ is what is indexed, and no other one is set."""


def read_canary(setting: str) -> Canary | None:
    """Return what CANARY says; None where it is not set."""
    question, _, page = setting.partition("|")
    return Canary(question.strip(), page.strip()) if setting else None


@dataclass(slots=True, kw_only=True)
class CanaryWatch:
    """Asks the canary question after the start, after each ingest and every hour, through search alone.

    `trouble` is what is wrong, "" where its page was found or nothing is asked; `asked_at` is by time.monotonic(), 0
    for never.
    """

    answerer: Answerer
    canary: Canary | None
    trouble: str = ""
    asked_at: float = 0.0
    built_at: float = -1.0

    async def run(self) -> None:
        """Ask whenever it is time, for ever."""
        while True:
            health = self.answerer.health()
            is_due = health.built_at != self.built_at or time.monotonic() - self.asked_at > EVERY_S
            if is_due and not health.trouble:
                try:
                    await self.ask()
                except RetrievalError as error:
                    logger.info("The canary question can't be asked now: %s", error)
                except Exception:
                    logger.exception("The canary question can't be asked: a mistake of its own.")
                    self.built_at, self.asked_at = health.built_at, time.monotonic()
                else:
                    self.built_at = health.built_at
            await asyncio.sleep(LOOK_EVERY_S)

    async def ask(self) -> None:
        """Search for the question, and note whether its page is among the first; raise RetrievalError."""
        canary = self.canary or STARTER_CANARY
        found = await self.answerer.retriever.search(Question(text=canary.question), limit=AMONG_FIRST)
        passages = found.passages[:AMONG_FIRST]
        self.asked_at = time.monotonic()
        applies = self.canary is not None or not passages or any(passage.source == STARTER for passage in passages)
        was_in_trouble, self.trouble = bool(self.trouble), ""
        if applies and not any(map(canary.is_found_in, passages)):
            first = ", ".join(passage.path for passage in passages) or "nothing"
            self.trouble = f"{canary.question!r} finds {first}, not {canary.page}."
        if self.trouble and not was_in_trouble:
            logger.warning("The canary question does not find its page: %s", self.trouble)
