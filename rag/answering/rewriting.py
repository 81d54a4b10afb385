"""Rewriting: a follow-up, a foreign question or a long post becomes one line in English that stands alone.

Only then: a first question in English costs no call. The line is searched beside the question, never instead of it. The
call has its own short time, begins with the first search, and what goes wrong with it costs nothing but that time.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.answering.prompt import REWRITE_INSTRUCTIONS, build_rewrite_message
from rag.domain import Discard, Notice, Rewording, Usage, WrittenBy
from rag.errors import GenerationError
from rag.text.language import is_foreign
from rag.tracing import REWRITE, traced

if TYPE_CHECKING:
    from rag.domain import Question
    from rag.protocols import ChatModel

logger = logging.getLogger(__name__)


LONGEST = 400
"""Characters, about 100 tokens: a rewritten question of more is an answer, or nonsense."""
LONG_POST = 500
"""A post of more characters is worth a line that says what it asks."""
_TAG = re.compile(r"</?\s*[a-z_]+(?:\s[^<>]*)?/?>", re.IGNORECASE)
_LEAD = re.compile(r"^[\s>*#\-\"'“”`]*(?:(?:search )?(?:query|question)\s*:)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriter:
    """Asks the model for the stand-alone question, for at most `timeout_s` seconds."""

    model: ChatModel
    timeout_s: float

    async def rewrite(self, question: Question) -> Rewording:
        """Return the question as one line in English that needs no history; none when it is one, or there is none."""
        needs_one = question.history or len(question.text) > LONG_POST
        if not needs_one and not await asyncio.to_thread(is_foreign, question.text):
            return Rewording()
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self.timeout_s):
                said, model, usage = await traced(REWRITE, self._reply(question))
        except (GenerationError, TimeoutError) as error:
            logger.info("A question is searched as it stands: %s", str(error) or "rewriting took too long")
            return Rewording(took_s=time.monotonic() - begun)
        return Rewording(text=clean(said), model=model, took_s=time.monotonic() - begun, usage=usage)

    async def _reply(self, question: Question) -> tuple[str, str, Usage | None]:
        """Return what is said, "" where it was cut short, by which model, and what it cost."""
        said, model, usage, is_cut = "", self.model.name, None, False
        async for piece in self.model.stream(REWRITE_INSTRUCTIONS, build_rewrite_message(question)):
            match piece:
                case str():
                    said += piece
                case Discard():
                    said = ""
                case Usage():
                    usage = piece
                case WrittenBy():
                    model = piece.model
                case Notice(kind="model cut short"):
                    is_cut = True
        return "" if is_cut else said, model, usage


def clean(reply: str) -> str:
    """Return the first line that a reply says, without tags, labels and quotes; "" where that is no question."""
    lines = (_LEAD.sub("", _TAG.sub(" ", line)).strip().strip("\"'“”`* ") for line in reply.splitlines())
    line = " ".join(next(filter(None, lines), "").split())
    return line if re.search(r"\w", line) and len(line) <= LONGEST else ""
