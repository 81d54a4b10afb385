"""Protocols: what the core needs of the parts that it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

    import numpy as np
    import numpy.typing as npt

    from rag.domain import Candidate, Docs, Hearing, Piece, Question, Retrieved
    from rag.health import Health, ModelHealth
    from rag.text.multilingual import MultilingualIndex


class Retriever(Protocol):
    """Finds passages."""

    async def search(self, question: Question, *, limit: int, reworded: Awaitable[str] | None = None) -> Retrieved:
        """Return at most `limit` passages, best first; raise RetrievalError, never an empty list, when it can't.

        `reworded` brings the question in a model's words, to be searched beside it; "" for none.
        """
        ...

    def docs(self) -> Docs | None:
        """Return what can be searched; None while that is not known."""
        ...

    def health(self) -> Health:
        """Return whether it can be searched, and when that was last seen."""
        ...


class PassageStore(Protocol):
    """Keeps passages and their vectors; raises RetrievalError where it can't be read."""

    def search_dense(
        self, vectors: Sequence[npt.NDArray[np.float32]], *, limit: int, versions: Sequence[str] = ()
    ) -> list[list[Candidate]]:
        """Return for each vector the passages with the largest inner product, best first.

        `versions` keeps those of these docs.
        """
        ...

    def search_sparse(
        self, vectors: Sequence[dict[int, float]], *, limit: int, versions: Sequence[str] = ()
    ) -> list[list[Candidate]]:
        """Do the same by words; find nothing where the store has no sparse vectors."""
        ...

    def passages(self, ids: Sequence[str]) -> list[Candidate]:
        """Return passages by their ids, in that order; those that are gone not."""
        ...

    def multilingual_index(self) -> MultilingualIndex | None:
        """Return what questions in other languages are searched by; None where there is none."""
        ...

    def paths(self) -> set[str]:
        """Return the paths of all pages that passages come from."""
        ...

    def check(self, *, embedding: str, dim: int) -> None:
        """Make the collection ready for searching; raise RetrievalError where this model's questions find nothing."""
        ...


class Hearer(Protocol):
    """Tells what a post wants that is addressed to nobody."""

    async def hear(self, text: str, *, ask_model: bool = True) -> Hearing:
        """Return what it wants; where that is unclear, the language model may be asked."""
        ...


class ChatModel(Protocol):
    """Writes an answer."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    def stream(self, instructions: str, message: str) -> AsyncIterator[Piece]:
        """Yield the reply piece by piece, what it cost where the model tells it, and what a reader should know of it.

        Raise GenerationError when it can't be had or breaks off.
        """
        ...

    def health(self) -> tuple[ModelHealth, ...]:
        """Return how it does, as its circuit breaker sees it; nothing where there is none."""
        ...


class Embedder(Protocol):
    """Texts in, vectors of length 1 out: pymilvus.model's interface."""

    @property
    def name(self) -> str:
        """The EMBEDDING_MODEL that makes these vectors, as the collection records it."""
        ...

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        ...

    def encode_queries(self, queries: list[str]) -> Sequence[npt.NDArray[np.float32]]:
        """Return one vector a question."""
        ...

    def encode_documents(self, documents: list[str]) -> Sequence[npt.NDArray[np.float32]]:
        """Return one vector a passage."""
        ...
