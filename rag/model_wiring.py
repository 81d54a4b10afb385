"""Wiring of the language models: the endpoints are opened, and closed again."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.answering.circuit_breaker import CircuitBreakerModel, UncountedCalls
from rag.answering.fallback import FallbackModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rag.protocols import ChatModel
    from rag.settings import RagSettings

logger = logging.getLogger(__name__)

NO_KEY = "none"
"""For a server that wants no key: the client wants one."""


@dataclass(frozen=True, slots=True)
class Models:
    """The language model as answers and rewordings ask it: how the latter end does not count."""

    answering: ChatModel
    rewriting: ChatModel


@asynccontextmanager
async def open_models(settings: RagSettings) -> AsyncIterator[Models | None]:
    """Open the language model, and the second one where there is one; None without a key."""
    api_key = settings.leptonai_token.get_secret_value()
    if not api_key:
        logger.info("LEPTONAI_TOKEN is not set: answers will quote the passages.")
        if settings.llm_fallback_base_url:
            logger.warning("LLM_FALLBACK_BASE_URL is not used without a first model: set LEPTONAI_TOKEN.")
        yield None
        return
    async with _open_endpoint(settings, settings.llm_base_url, api_key, settings.llm_model) as first:
        if not settings.llm_fallback_base_url:
            yield Models(first, UncountedCalls(first))
            return
        address, key = settings.llm_fallback_base_url, settings.llm_fallback_token.get_secret_value()
        name = settings.llm_fallback_model or settings.llm_model
        async with _open_endpoint(settings, address, key or NO_KEY, name) as other:
            rewriting = FallbackModel(UncountedCalls(first), UncountedCalls(other))
            yield Models(FallbackModel(first, other), rewriting)


@asynccontextmanager
async def _open_endpoint(
    settings: RagSettings, base_url: str, api_key: str, name: str
) -> AsyncIterator[CircuitBreakerModel]:
    from rag.backends.chat_endpoint import Capabilities, longest_answer  # noqa: PLC0415 - imports httpx2
    from rag.backends.openai_compatible import OpenAIChatModel, make_chat_client  # noqa: PLC0415 - 1 s to import

    async with make_chat_client(
        base_url=base_url,
        api_key=api_key,
        timeout_s=settings.llm_timeout_s,
        max_retries=settings.llm_max_retries,
    ) as client:
        model = OpenAIChatModel(
            client=client,
            model=name,
            temperature=settings.llm_temperature,
            begins_within_s=settings.llm_timeout_s,
            silence_s=settings.llm_timeout_s,
            capabilities=Capabilities(max_tokens=longest_answer(settings.llm_max_tokens, settings.llm_context_tokens)),
            context_tokens=settings.llm_context_tokens,
        )
        yield CircuitBreakerModel(model)
