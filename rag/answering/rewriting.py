"""Rewriting: a follow-up, or a question in another language, becomes one English question that stands alone.

Only then: a first question in English costs no call. The call has its own short time, and what goes wrong with it costs
nothing but that time: the question is then searched as it stands.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.answering.prompt import REWRITE_INSTRUCTIONS, build_rewrite_message
from rag.domain import Discard
from rag.errors import GenerationError
from rag.text.language import is_foreign

if TYPE_CHECKING:
    from rag.domain import Question
    from rag.protocols import ChatModel

logger = logging.getLogger(__name__)


LONGEST = 400
"""A rewritten question of more characters is an answer, or nonsense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriter:
    """Asks the model for the stand-alone question, for at most `timeout_s` seconds."""

    model: ChatModel
    timeout_s: float

    async def rewrite(self, question: Question) -> str:
        """Return the question as one in English that needs no history; "" when it is one, or the model gave none."""
        if not question.history and not is_foreign(question.text):
            return ""
        try:
            async with asyncio.timeout(self.timeout_s):
                reply = self.model.stream(REWRITE_INSTRUCTIONS, build_rewrite_message(question))
                pieces: list[str] = []
                async for piece in reply:
                    if isinstance(piece, str):
                        pieces.append(piece)
                    elif isinstance(piece, Discard):
                        pieces.clear()
        except (GenerationError, TimeoutError) as error:
            logger.warning("A question is searched as it stands: %s", str(error) or "rewriting took too long")
            return ""
        text = " ".join("".join(pieces).split()).strip('"')
        return text if 0 < len(text) <= LONGEST else ""
