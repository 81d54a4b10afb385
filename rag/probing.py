"""Probing: a real call to each language model that is set up, and how far it keeps to what it is asked for."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from rag.answering.fallback import FallbackModel
from rag.answering.prompt import INSTRUCTIONS, build_message
from rag.answering.reply_forms import split_at_mark, told
from rag.domain import Discard, Passage, Question, Usage
from rag.errors import GenerationError
from rag.model_wiring import open_models

if TYPE_CHECKING:
    from rag.answering.circuit_breaker import CircuitBreakerModel
    from rag.backends.openai_compatible import OpenAIChatModel
    from rag.settings import RagSettings

HELD = Question(text="Which colour has the harbour's lighthouse in Port Example?")
NOT_HELD = Question(text="In which year was the harbour's lighthouse in Port Example built?")
"""Nothing that a model could know: it has to read."""
TEXTS = (
    "The harbour of Port Example has two piers. Ferries leave from the northern one.",
    "The harbour's lighthouse is green. Its lamp is lit at dusk.",
)
_CITED = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProbe:
    """What a language model made of the two questions; `trouble` is why it could not be asked, "" where it could.

    `context_tokens` is its context, 0 where its endpoint does not tell.
    """

    name: str
    trouble: str = ""
    hint: str = ""
    first_text_s: float = 0.0
    took_s: float = 0.0
    streams: bool = False
    tells_usage: bool = False
    takes_system: bool = True
    cites: bool = False
    abstains: bool = False
    context_tokens: int = 0


@dataclass(slots=True)
class _Said:
    text: str = ""
    pieces: int = 0
    usage: Usage | None = None
    first_text_s: float = 0.0
    took_s: float = 0.0


async def probe_models(settings: RagSettings) -> list[ModelProbe]:
    """Ask each model that is set up; nothing where none is."""
    async with open_models(settings) as models:
        if models is None:
            return []
        answering = cast("FallbackModel | CircuitBreakerModel", models.answering)
        endpoints = [answering.first, answering.other] if isinstance(answering, FallbackModel) else [answering]
        return [await _probe(cast("CircuitBreakerModel", one)) for one in endpoints]


async def _probe(breaker: CircuitBreakerModel) -> ModelProbe:
    model = cast("OpenAIChatModel", breaker.model)
    try:
        held, not_held = await _ask(model, HELD), await _ask(model, NOT_HELD)
    except GenerationError as error:
        return ModelProbe(name=model.name, trouble=error.message, hint=error.hint)
    return ModelProbe(
        name=model.name,
        first_text_s=held.first_text_s,
        took_s=held.took_s,
        streams=model.capabilities.stream and held.pieces > 1,
        tells_usage=held.usage is not None,
        takes_system=model.capabilities.system_role,
        cites=bool(_CITED.search(held.text)),
        abstains=split_at_mark(told(not_held.text)) is not None,
        context_tokens=model.context_tokens or await model.told_context_tokens(),
    )


async def _ask(model: OpenAIChatModel, question: Question) -> _Said:
    said, begun = _Said(), time.monotonic()
    async for piece in model.stream(INSTRUCTIONS, build_message(question, _passages())):
        if isinstance(piece, str):
            said.first_text_s = said.first_text_s or time.monotonic() - begun
            said.text, said.pieces = said.text + piece, said.pieces + 1
        elif isinstance(piece, Usage):
            said.usage = piece
        elif isinstance(piece, Discard):
            said.text = ""
    said.took_s = time.monotonic() - begun
    return said


def _passages() -> list[Passage]:
    page = Passage(
        id="0", source="probe", path="probe.md", title="Port Example", headings=(), url="", version="", text=""
    )
    return [replace(page, id=str(number), text=text) for number, text in enumerate(TEXTS)]
