"""OpenAI-compatible endpoints, for chat and for embeddings. Only this file knows openai."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import httpx2
import numpy as np
import openai

from rag.domain import Notice, Usage
from rag.errors import EmbeddingError, GenerationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import numpy.typing as npt
    from openai.resources.chat import AsyncCompletions
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam, ChatCompletionStreamOptionsParam

    from rag.domain import NoticeKind

CONNECT_TIMEOUT_S = 10.0
EMBEDDINGS_PER_CALL = 64
BROKE_OFF = "The language model's answer broke off."


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIChatModel:
    """A chat model behind an OpenAI-compatible address; for instance one on Lepton.

    `completions` is a client's `chat.completions`: openai imports what lies behind it when it is first named.
    `begins_within_s` is for all its tries together: openai tries again after silence too.
    """

    completions: AsyncCompletions
    model: str
    max_tokens: int
    temperature: float
    begins_within_s: float

    @property
    def name(self) -> str:
        """The model's name at its address."""
        return self.model

    async def stream(self, instructions: str, message: str) -> AsyncIterator[str | Usage | Notice]:
        """Yield the reply as it is written. A stream that ends without a finish reason has broken off."""
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": instructions},
            {"role": "user", "content": message},
        ]
        with _translated(self.model):
            async with asyncio.timeout(self.begins_within_s):
                chunks = await self._begin(messages)
        finish_reason = None
        with _translated(self.model, connection_lost=BROKE_OFF):
            async with chunks:
                async for chunk in chunks:
                    for choice in chunk.choices or ():
                        finish_reason = choice.finish_reason or finish_reason
                        if choice.delta and choice.delta.content:
                            yield choice.delta.content
                    if chunk.usage:
                        yield Usage(
                            prompt_tokens=chunk.usage.prompt_tokens, completion_tokens=chunk.usage.completion_tokens
                        )
        if finish_reason is None:
            raise GenerationError(BROKE_OFF, kind="model broke off")
        if finish_reason == "length":
            text = f"Cut at the longest answer allowed (LLM_MAX_TOKENS={self.max_tokens})."
            yield Notice(kind="model cut short", text=text)

    async def _begin(self, messages: list[ChatCompletionMessageParam]) -> openai.AsyncStream[ChatCompletionChunk]:
        """Ask for a stream that ends in the count of tokens; of a server that does not know that, for one without."""
        try:
            return await self._create(messages, {"include_usage": True})
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            if "stream_options" not in str(error):
                raise
            return await self._create(messages, openai.omit)

    async def _create(
        self, messages: list[ChatCompletionMessageParam], options: ChatCompletionStreamOptionsParam | openai.Omit
    ) -> openai.AsyncStream[ChatCompletionChunk]:
        return await self.completions.create(
            model=self.model,
            messages=messages,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stream=True,
            stream_options=options,
        )


def make_chat_client(*, base_url: str, api_key: str, timeout_s: float, max_retries: int) -> openai.AsyncOpenAI:
    """Return a client that gives up on silence: openai's own read timeout is ten minutes."""
    timeout = httpx2.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S))
    return openai.AsyncOpenAI(base_url=base_url, api_key=api_key, timeout=timeout, max_retries=max_retries)


@dataclass(frozen=True)
class OpenAIEmbedder:
    """An embeddings endpoint with pymilvus.model's interface; vectors are brought to length 1."""

    client: openai.OpenAI
    model: str

    @property
    def name(self) -> str:
        """The setting that names this model."""
        return f"openai:{self.model}"

    @cached_property
    def dim(self) -> int:
        """How many numbers a vector has: asked of the endpoint once."""
        return len(self.encode_queries(["dimension"])[0])

    def encode_queries(self, queries: list[str]) -> list[npt.NDArray[np.float32]]:
        """Return one vector a question."""
        return self.encode_documents(queries)

    def encode_documents(self, documents: list[str]) -> list[npt.NDArray[np.float32]]:
        """Return one vector a passage, EMBEDDINGS_PER_CALL of them a call."""
        vectors: list[npt.NDArray[np.float32]] = []
        for start in range(0, len(documents), EMBEDDINGS_PER_CALL):
            batch = documents[start : start + EMBEDDINGS_PER_CALL]
            try:
                with _translated(self.model):
                    response = self.client.embeddings.create(model=self.model, input=batch)
            except GenerationError as error:
                message = error.message.replace("language model", "embedding model")
                hint = error.hint.replace("LLM_", "EMBEDDING_").replace("LEPTONAI_TOKEN", "EMBEDDING_API_KEY")
                raise EmbeddingError(message, hint=hint) from error
            rows = sorted(response.data, key=lambda row: row.index)
            vectors += [_unit(np.asarray(row.embedding, dtype=np.float32)) for row in rows]
        return vectors


def make_embedder(*, model: str, base_url: str, api_key: str, timeout_s: float, max_retries: int) -> OpenAIEmbedder:
    """Return the embedder of EMBEDDING_MODEL=openai:<model>."""
    timeout = httpx2.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S))
    client = openai.OpenAI(base_url=base_url, api_key=api_key or "none", timeout=timeout, max_retries=max_retries)
    return OpenAIEmbedder(client=client, model=model)


def _unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0:
        message = "The embedding model sent a vector that can't be used (not a number, or all zeros)."
        raise EmbeddingError(message)
    return vector / np.float32(length)


@contextmanager
def _translated(model: str, *, connection_lost: str = "The language model can't be reached.") -> Iterator[None]:
    """Turn what openai raises into one clear line."""
    try:
        yield
    except (openai.APITimeoutError, TimeoutError) as error:
        message = "The language model did not answer in time."
        raise GenerationError(message, hint="See LLM_TIMEOUT_S and LLM_BASE_URL.", kind="model slow") from error
    except openai.APIConnectionError as error:
        kind: NoticeKind = "model broke off" if connection_lost == BROKE_OFF else "model unreachable"
        raise GenerationError(connection_lost, hint="Check LLM_BASE_URL.", kind=kind) from error
    except openai.APIStatusError as error:
        raise _from_status(error, model) from error
    except (openai.OpenAIError, ValueError) as error:  # an error within the stream, or JSON that does not parse
        message = "The language model sent an error, or something that can't be read."
        raise GenerationError(message, hint="Is LLM_BASE_URL an OpenAI-compatible address?") from error


def _from_status(error: openai.APIStatusError, model: str) -> GenerationError:
    status = error.status_code
    if status in {401, 403}:
        message = f"The language model refused the token ({status})."
        return GenerationError(message, hint="Check LEPTONAI_TOKEN.", kind="model refuses")
    if status == 404:  # noqa: PLR2004 - HTTP statuses are their own names
        message = f"The language model's address does not know the model {model!r} (404)."
        return GenerationError(message, hint="Check LLM_BASE_URL and LLM_MODEL.")
    if status == 429:  # noqa: PLR2004
        message = "The language model is overloaded (429)."
        return GenerationError(message, hint="Try again later, or raise its limits.", kind="model overloaded")
    return GenerationError(f"The language model answered with an error ({status}).", hint="See its own log.")
