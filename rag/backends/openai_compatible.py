"""OpenAI-compatible endpoints, for chat and for embeddings. Only this file knows openai."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import httpx2
import numpy as np
import openai

from rag.backends.chat_endpoint import Capabilities, estimate_tokens, is_too_long, read_chunks, told_by
from rag.domain import Notice, Thinking
from rag.errors import ContextTooLongError, EmbeddingError, GenerationError, RequestRefusedError, SettingsError
from rag.text.chat_markup import MarkupFilter
from rag.tracing import chat_span

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    import numpy.typing as npt
    from opentelemetry.trace import Span

    from rag.domain import NoticeKind, Piece
    from rag.health import ModelHealth

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10.0
EMBEDDINGS_PER_CALL = 64
BROKE_OFF = "The language model's answer broke off."
TOO_LONG = "The question and its passages are too long for the language model."
TOO_LONG_HINT = "Take a model with a longer context, or set LLM_CONTEXT_TOKENS to what this one has."
REFUSALS = {400, 413, 415, 422}
"""What a request may be refused with for what stands in it."""


@dataclass(slots=True, kw_only=True)
class OpenAIChatModel:
    """A chat model behind an OpenAI-compatible address; for instance one on Lepton.

    `begins_within_s` is for all its tries together: openai tries again after silence too. `silence_s` is how long the
    model may say nothing. `capabilities` is what its endpoint takes, as learned so far. In tokens: `too_long` is the
    least that was too long for it, as estimated, `context_tokens` what it takes with its answer; 0 while unknown.
    """

    client: openai.AsyncOpenAI
    model: str
    temperature: float
    begins_within_s: float
    silence_s: float
    capabilities: Capabilities
    may_guess: bool = True
    waits_for_close: bool = False
    too_long: int = 0
    context_tokens: int = 0

    @property
    def name(self) -> str:
        """The model's name at its address."""
        return self.model

    def health(self) -> tuple[ModelHealth, ...]:
        """Return nothing: no breaker watches it here."""
        return ()

    async def stream(self, instructions: str, message: str) -> AsyncIterator[Piece]:
        """Yield the reply's answer as it is written, without reasoning and its template's tokens.

        A stream that ends without a word that it does has broken off.
        Raise ContextTooLongError where a shorter message may be answered.
        """
        if self._is_too_long(instructions + message):
            raise ContextTooLongError(TOO_LONG, hint=TOO_LONG_HINT)
        with chat_span(self.model, {"gen_ai.request.temperature": self.temperature}) as span:
            async with aclosing(self._reply(instructions, message, span)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _reply(self, instructions: str, message: str, span: Span) -> AsyncGenerator[Piece, None]:
        with _translated(self.model):
            async with asyncio.timeout(self.begins_within_s):
                response = await self._begin(instructions, message)
        markup, finish_reason, is_whole = MarkupFilter(waits_for_close=self.waits_for_close), "", False
        with _translated(self.model, connection_lost=BROKE_OFF):
            try:
                async for chunk in read_chunks(response, silence_s=self.silence_s):
                    if chunk.is_thinking:
                        yield Thinking()
                    finish_reason = chunk.finish_reason or finish_reason
                    is_whole = is_whole or chunk.is_last
                    for piece in markup.feed(chunk.text):
                        yield piece
                    if chunk.usage:
                        span.set_attribute("gen_ai.usage.input_tokens", chunk.usage.prompt_tokens)
                        span.set_attribute("gen_ai.usage.output_tokens", chunk.usage.completion_tokens)
                        yield chunk.usage
            finally:
                await response.aclose()
        span.set_attribute("gen_ai.response.finish_reasons", (finish_reason,))
        for piece in markup.end():
            yield piece
        self.waits_for_close = self.waits_for_close or markup.closed_unopened
        for notice in self._notices(finish_reason, is_whole=is_whole):
            yield notice

    async def told_context_tokens(self) -> int:
        """Return what the endpoint says of the model's context, as vLLM does; 0 where it says nothing."""
        try:
            told = await self.client.models.retrieve(self.model)
        except (openai.OpenAIError, httpx2.HTTPError):
            return 0
        return int(getattr(told, "max_model_len", 0) or 0)

    def _is_too_long(self, text: str) -> bool:
        tokens = estimate_tokens(text) if self.too_long or self.context_tokens else 0
        room = self.context_tokens - self.capabilities.max_tokens
        return 0 < self.too_long <= tokens or (self.context_tokens > 0 and tokens > room)

    def _notices(self, finish_reason: str, *, is_whole: bool) -> Iterator[Notice]:
        """Yield what a reader should know of the reply's end; raise GenerationError where it has none."""
        if not finish_reason and not is_whole:
            raise GenerationError(BROKE_OFF, kind="model broke off")
        if finish_reason == "length":
            text = f"Cut at the longest answer allowed (LLM_MAX_TOKENS={self.capabilities.max_tokens})."
            yield Notice(kind="model cut short", text=text)
        if finish_reason == "content_filter":
            yield Notice(kind="model filtered", text="Cut by the filter of the language model's provider.")

    async def _begin(self, instructions: str, message: str) -> httpx2.Response:
        """Ask; where the endpoint refuses, ask again without what it does not take, and remember that."""
        capabilities = self.capabilities
        while True:
            try:
                response = await self._create(capabilities, instructions, message)
            except openai.APIStatusError as error:
                told = told_by(error.response)
                if error.status_code not in REFUSALS and error.status_code < httpx2.codes.INTERNAL_SERVER_ERROR:
                    raise
                logger.warning("The language model's endpoint refuses (%d): %s", error.status_code, told)
                other = capabilities.after(told, status=error.status_code, may_guess=self.may_guess)
                if is_too_long(told) and (other is None or other.max_tokens == capabilities.max_tokens):
                    self.too_long = estimate_tokens(instructions + message)
                    raise ContextTooLongError(TOO_LONG, hint=TOO_LONG_HINT) from error
                if other is None:
                    self.may_guess = self.may_guess and error.status_code not in REFUSALS  # nothing left out helps
                    raise
                capabilities = other
            else:
                if capabilities != self.capabilities:
                    logger.info("The language model's endpoint is asked like this from now on: %s", capabilities)
                self.capabilities, self.may_guess = capabilities, True
                return response

    async def _create(self, capabilities: Capabilities, instructions: str, message: str) -> httpx2.Response:
        arguments = capabilities.arguments(instructions, message, self.temperature)
        raw = await self.client.chat.completions.with_raw_response.create(model=self.model, **arguments)
        response: httpx2.Response = raw.http_response
        return response


def make_chat_client(*, base_url: str, api_key: str, timeout_s: float, max_retries: int) -> openai.AsyncOpenAI:
    """Return a client that gives up on silence: openai's own read timeout is ten minutes."""
    timeout = httpx2.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S))
    with _reading_environment():
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
    with _reading_environment():
        client = openai.OpenAI(base_url=base_url, api_key=api_key or "none", timeout=timeout, max_retries=max_retries)
    return OpenAIEmbedder(client=client, model=model)


@contextmanager
def _reading_environment() -> Iterator[None]:
    """Turn what a client does not take of this machine's certificates and proxies into a clear line."""
    try:
        yield
    except (httpx2.InvalidURL, ValueError, ImportError) as error:
        message = f"A proxy that the environment names can't be used ({error})."
        raise SettingsError(message, hint="Check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY.") from error
    except OSError as error:
        message = f"The certificates of this machine can't be read ({error.strerror or error})."
        raise SettingsError(message, hint="Do SSL_CERT_FILE and SSL_CERT_DIR name what is there?") from error


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
    except (openai.APITimeoutError, httpx2.TimeoutException, TimeoutError) as error:
        message = "The language model did not answer in time."
        raise GenerationError(message, hint="See LLM_TIMEOUT_S and LLM_BASE_URL.", kind="model slow") from error
    except (openai.APIConnectionError, httpx2.HTTPError) as error:
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
    message = f"The language model answered with an error ({status})."
    kind = RequestRefusedError if status in REFUSALS else GenerationError
    return kind(message, hint="The log holds what it said.")
