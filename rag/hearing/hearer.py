"""The hearer: whether a post that turns to nobody wants an answer, in three bands.

Clearly for us, clearly not, unclear. In the unclear band the language model has a word, where there is one; without it
the likelihood alone decides. docs/quality.md tells what the bands cost.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.domain import Hearing
from rag.hearing.classifier import load_weights
from rag.hearing.features import asking_sentences, embedded_texts
from rag.text.language import is_foreign

if TYPE_CHECKING:
    from rag.domain import Wants
    from rag.hearing.classifier import Head, Likelihood
    from rag.hearing.judge import HearingJudge
    from rag.retrieval.batching import Batcher

UNCLEAR_FROM, UNCLEAR_TO = 0.15, 0.85
"""How likely an answer is wanted where the model has a word."""
PERSON_FROM, LONGEST_CALL = 0.5, 600
"""How likely a person is wanted, and in how many characters at most: who wants one does not paste a log first."""
_ISSUE = re.compile(
    r"^\s*\[(?:bug|error|question|q|help|feature(?: request)?|enhancement|inquiry|issue)\s*\]", re.IGNORECASE
)
"""The form of an issue asks for a reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHearer:
    """Decides by embeddings of the bundled model, and of the multilingual one where there is one."""

    bundled: Batcher
    multilingual: Batcher | None = None
    judge: HearingJudge | None = None

    async def hear(self, text: str, *, ask_model: bool = True) -> Hearing:
        """Return what a post wants, and by what that was told."""
        if _ISSUE.match(text):
            return Hearing(wants="answer", likelihood=1.0, told_by="form")
        is_other = self.multilingual is not None and await asyncio.to_thread(is_foreign, text)
        head: Head = "foreign" if is_other else "english"
        found, heard_from = await self._likelihood(head, text), load_weights(head).heard_from
        if found.person >= PERSON_FROM and len(text) <= LONGEST_CALL:
            return Hearing(wants="person", likelihood=found.answer, told_by="classifier")
        is_unclear = UNCLEAR_FROM < found.answer < UNCLEAR_TO
        verdict, usage = await self.judge.verdict(text) if self.judge and ask_model and is_unclear else (None, None)
        if verdict:
            return Hearing(wants=verdict, likelihood=found.answer, told_by="model", usage=usage)
        wants: Wants = "answer" if found.answer >= heard_from else "nothing"
        return Hearing(wants=wants, likelihood=found.answer, told_by="classifier", usage=usage)

    async def _likelihood(self, head: Head, text: str) -> Likelihood:
        """Return what a post wants: a sentence that asks counts by itself too, whatever stands around it."""
        found = await self._of(head, text)
        if found.person >= PERSON_FROM or found.answer >= load_weights(head).heard_from:
            return found
        alone = [await self._of(head, sentence) for sentence in asking_sentences(text)]
        return max((found, *alone), key=lambda likelihood: likelihood.answer)

    async def _of(self, head: Head, text: str) -> Likelihood:
        texts = embedded_texts(text)
        vectors = list(await self.bundled.encode(texts))
        if self.multilingual is not None and head == "foreign":
            vectors += await self.multilingual.encode(texts)
        return load_weights(head).likelihood(text, vectors)
