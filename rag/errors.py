"""The errors of rag: everything that can go wrong has its name.

    RagError
    ├── SettingsError      a setting that can't work, with what to write instead
    ├── RetrievalError     Milvus or the embedding model can't be used
    │   ├── EmptyIndexError   the collection holds no passages yet
    │   ├── UnreachableError  Milvus does not answer; it may come back by itself
    │   └── EmbeddingError    the embedding model failed; Milvus may be well
    ├── GenerationError    the language model gave no usable answer
    │   ├── LeftAloneError         the model has failed too often, and is not asked for a while
    │   └── RequestRefusedError    this one request is refused
    │       └── ContextTooLongError    it is too long for the model
    └── IngestError        a source can't be read, or can't be indexed

Every message is one line, fit for a reader, without secrets. `hint` is what the operator can do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.domain import NoticeKind


class RagError(Exception):
    """The root: catch it where a person is told."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        """The message, and the hint behind it."""
        message = str(self.args[0])
        return f"{message} {self.hint}" if self.hint else message

    @property
    def message(self) -> str:
        """The message alone, for a reader who can't change the settings."""
        return str(self.args[0])


class SettingsError(RagError):
    """A setting that can't work."""


class RetrievalError(RagError):
    """Milvus or the embedding model can't be used."""


class EmptyIndexError(RetrievalError):
    """The collection holds no passages yet."""


class UnreachableError(RetrievalError):
    """Milvus does not answer; it may come back by itself."""


class EmbeddingError(RetrievalError):
    """The embedding model failed; Milvus may be well."""


class GenerationError(RagError):
    """The language model gave no usable answer; `kind` is why, as a reader is told."""

    def __init__(self, message: str, *, hint: str = "", kind: NoticeKind = "model fails") -> None:
        super().__init__(message, hint=hint)
        self.kind: NoticeKind = kind


class LeftAloneError(GenerationError):
    """The language model has failed too often, and is not asked for a while."""


class RequestRefusedError(GenerationError):
    """This one request is refused; another may be answered."""


class ContextTooLongError(RequestRefusedError):
    """It is longer than the model's context: a shorter one may be answered."""


class IngestError(RagError):
    """A source can't be read, or can't be indexed."""
