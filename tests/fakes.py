"""Fakes: each implements its protocol, remembers, and can be told to fail."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rag import Answer
from rag.domain import Docs, Hearing, Retrieved
from rag.errors import ContextTooLongError
from rag.health import Health, ModelHealth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence

    import numpy.typing as npt

    from rag import Passage, Question, RagError
    from rag.domain import Notice, OffTopic, Piece


@dataclass
class FakeRetriever:
    passages: list[Passage]
    error: RagError | None = None
    notices: tuple[Notice, ...] = ()
    off_topic: OffTopic | None = None
    neighbours: Sequence[Passage] = ()
    vectors: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    reworded: list[str] = field(default_factory=list)

    async def search(self, question: Question, *, limit: int, reworded: Awaitable[str] | None = None) -> Retrieved:
        self.questions.append(question)
        if reworded:
            self.reworded.append(await reworded)
        if self.error:
            raise self.error
        passages = tuple(self.passages[:limit])
        return Retrieved(
            passages=passages,
            neighbours=tuple(self.neighbours),
            notices=self.notices,
            off_topic=self.off_topic,
            vectors=self.vectors,
        )

    def docs(self) -> Docs:
        return Docs(versions=("2.4",), built_at=0.0)

    def health(self) -> Health:
        return Health(trouble=str(self.error or ""), checked_s=0.0, passages=len(self.passages))


@dataclass
class FakeModel:
    """Says its pieces, and fails with its error; a message longer than `most_characters` is too long for it."""

    pieces: list[Piece]
    error: RagError | None = None
    name: str = "fake"
    messages: list[str] = field(default_factory=list)
    delay_s: float = 0
    most_characters: int = 1_000_000

    def health(self) -> tuple[ModelHealth, ...]:
        return ()

    async def stream(self, instructions: str, message: str) -> AsyncIterator[Piece]:
        assert instructions
        self.messages.append(message)
        if len(message) > self.most_characters:
            raise ContextTooLongError("Too long.")
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        for piece in self.pieces:
            yield piece
        if self.error:
            raise self.error


@dataclass
class FakeAnswerer:
    """Answers with the question's own words; what is in `outcomes` comes first, an error is raised."""

    outcomes: list[Answer | RagError] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    model: FakeModel = field(default_factory=lambda: FakeModel([]))
    passages: int = 5
    hearing: Hearing = field(default_factory=lambda: Hearing(wants="answer", likelihood=1.0, told_by="classifier"))
    heard: list[str] = field(default_factory=list)

    @property
    def model_name(self) -> str:
        return self.model.name

    async def hear(self, text: str, *, ask_model: bool = True) -> Hearing:
        assert isinstance(ask_model, bool)
        self.heard.append(text)
        return self.hearing

    async def answer(self, question: Question, **_: object) -> Answer:
        self.questions.append(question)
        outcome = self.outcomes.pop(0) if self.outcomes else Answer(text=question.text, citations=(), kind="grounded")
        if isinstance(outcome, Answer):
            return outcome
        raise outcome

    def docs(self) -> Docs | None:
        return None

    def health(self) -> Health:
        return Health(trouble="", checked_s=0.0)


@dataclass
class FakeEmbedder:
    """Vectors from a hash: the same text, the same vector. `embedded` remembers the documents."""

    name: str = "fake"
    dim: int = 8
    embedded: list[str] = field(default_factory=list)
    fail_after: int | None = None

    def encode_queries(self, queries: list[str]) -> list[npt.NDArray[np.float32]]:
        return [self._vector(query) for query in queries]

    def encode_documents(self, documents: list[str]) -> list[npt.NDArray[np.float32]]:
        self.embedded += documents
        if self.fail_after is not None and len(self.embedded) > self.fail_after:
            message = "the fake embedder was told to fail"
            raise RuntimeError(message)
        return self.encode_queries(documents)

    def _vector(self, text: str) -> npt.NDArray[np.float32]:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).normal(size=self.dim).astype(np.float32)
        return vector / np.float32(np.linalg.norm(vector))
