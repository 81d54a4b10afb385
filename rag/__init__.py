"""The answering house's door: `from rag import Answerer, Question`. Light to import: no vendor stands behind it."""

from rag.answering import Answerer
from rag.domain import Answer, Citation, Message, Passage, Question
from rag.errors import (
    EmptyIndexError,
    GenerationError,
    IngestError,
    RagError,
    RetrievalError,
    SettingsError,
    UnreachableError,
)
from rag.splitting import split_markdown

__all__ = [
    "Answer",
    "Answerer",
    "Citation",
    "EmptyIndexError",
    "GenerationError",
    "IngestError",
    "Message",
    "Passage",
    "Question",
    "RagError",
    "RetrievalError",
    "SettingsError",
    "UnreachableError",
    "split_markdown",
]
