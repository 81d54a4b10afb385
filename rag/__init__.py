"""The public API of rag: `from rag import Answerer, Question`. Light to import: no vendor stands behind it."""

from rag.answering.answerer import Answerer
from rag.answering.citations import cite
from rag.domain import Answer, Citation, Docs, Hearing, Message, Notice, Passage, Question, Style, Trace, Wants
from rag.errors import (
    EmptyIndexError,
    GenerationError,
    IngestError,
    RagError,
    RetrievalError,
    SettingsError,
    UnreachableError,
)
from rag.text.splitting import split_markdown

__all__ = [
    "Answer",
    "Answerer",
    "Citation",
    "Docs",
    "EmptyIndexError",
    "GenerationError",
    "Hearing",
    "IngestError",
    "Message",
    "Notice",
    "Passage",
    "Question",
    "RagError",
    "RetrievalError",
    "SettingsError",
    "Style",
    "Trace",
    "UnreachableError",
    "Wants",
    "cite",
    "split_markdown",
]
