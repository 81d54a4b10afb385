"""Chat endpoints: what one of them takes, learned from its refusals, and how its replies are read.

Servers that call themselves OpenAI-compatible differ in their parameters, in the roles that a model's template knows,
in the shape of content and of errors, and in how a stream ends.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx2

from rag.domain import Usage
from rag.errors import GenerationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

LENGTH_NAMES = ("max_tokens", "max_completion_tokens", "")
FEWEST_TOKENS = 256
"""An answer shorter than this is not worth asking for: rather fewer passages."""
LONGEST_TOLD = 500
ANSWER_SHARE = 3
ASCII_CHARACTERS_PER_TOKEN = 3.5
_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|window|size|exceed|too)|(?:prompt|input|message).{0,40}too (?:long|large)"
    r"|too many (?:input )?tokens|exceeds?.{0,60}(?:tokens|n_ctx|context)"
    r"|max(?:imum)?[ _](?:model|seq|input).{0,12}len",
    re.IGNORECASE | re.DOTALL,
)
_LATE = re.compile(r"deadline|timed? ?out|cancell?ed", re.IGNORECASE)
NAMED = {
    "stream_options": re.compile(r"stream_options"),
    "length_name": re.compile(r"max_(?:completion_)?tokens"),
    "temperature": re.compile(r"temperature", re.IGNORECASE),
    "system_role": re.compile(r"system (?:role|message|prompt)|roles? must alternate|role.{0,20}system", re.IGNORECASE),
    "stream": re.compile(r"\bstream(?:ing|ed|s)?\b", re.IGNORECASE),
}
"""What servers do not take, by what their refusals then say."""
GUESSED = ("stream_options", "system_role", "temperature", "length_name", "stream")
"""What a refusal may mean that names nothing, the likeliest and the cheapest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an endpoint takes, as far as is known: at first all that OpenAI's own does.

    `length_name` is the parameter for the longest answer, "" for none; `max_tokens` its value.
    """

    max_tokens: int
    length_name: str = LENGTH_NAMES[0]
    stream: bool = True
    stream_options: bool = True
    system_role: bool = True
    temperature: bool = True

    def arguments(self, instructions: str, message: str, temperature: float) -> dict[str, Any]:
        """Return what is sent, beside the model's name."""
        messages = [{"role": "system", "content": instructions}, {"role": "user", "content": message}]
        if not self.system_role:
            messages = [{"role": "user", "content": f"{instructions}\n\n{message}"}]
        sent: dict[str, Any] = {"messages": messages, "stream": self.stream}
        if self.stream and self.stream_options:
            sent["stream_options"] = {"include_usage": True}
        if self.length_name:
            sent[self.length_name] = self.max_tokens
        if self.temperature:
            sent["temperature"] = temperature
        return sent

    def after(self, refusal: str, *, status: int, may_guess: bool) -> Capabilities | None:
        """Return what to try after a refusal: without what it names; None where it names nothing.

        A refusal that names nothing, where one `may_guess`, costs what servers most often do not take, one by one.
        """
        named = {"system_role": NAMED["system_role"]} if status >= httpx2.codes.INTERNAL_SERVER_ERROR else NAMED
        for name, pattern in named.items():
            if getattr(self, name) and pattern.search(refusal):
                return self._without(name, refusal)
        guess = next((name for name in GUESSED if getattr(self, name)), None) if named is NAMED and may_guess else None
        return self._without(guess, "") if guess else None

    def _without(self, name: str, refusal: str) -> Capabilities | None:
        if name != "length_name":
            changed: dict[str, Any] = {name: False}
            return replace(self, **changed)
        if is_too_long(refusal) or "too large" in refusal:
            half = self.max_tokens // 2
            return replace(self, max_tokens=half) if half >= FEWEST_TOKENS else None
        return replace(self, length_name=LENGTH_NAMES[LENGTH_NAMES.index(self.length_name) + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What one event of a reply says.

    `is_alive` tells that the model is at work, though it may write no answer yet; `is_thinking` that it reasons.
    """

    text: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    is_alive: bool = False
    is_thinking: bool = False
    is_last: bool = False


def longest_answer(max_tokens: int, context_tokens: int) -> int:
    """Return how many tokens an answer may have; of a context that is known, a third at most; 0 is one that is not."""
    return min(max_tokens, context_tokens // ANSWER_SHARE) if context_tokens else max_tokens


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many.

    Of English and code a token has some four characters, of what is not ASCII one or two, in the tokenizers of today.
    """
    others = sum(character > "~" for character in text) if not text.isascii() else 0
    return int((len(text) - others) / ASCII_CHARACTERS_PER_TOKEN + others) + 1


def is_too_long(refusal: str) -> bool:
    """Tell that a request is refused for its length."""
    if _LATE.search(refusal):  # Go says "context deadline exceeded" of a time that has run out
        return False
    return "context_length" in refusal or bool(_TOO_LONG.search(refusal))


def told_by(response: httpx2.Response) -> str:
    """Return what a server says in a refusal, whatever its shape, on one line."""
    return " ".join(response.text.split())[:LONGEST_TOLD]


async def read_chunks(response: httpx2.Response, *, silence_s: float) -> AsyncIterator[Chunk]:
    """Yield a reply's chunks, whether it is streamed or whole.

    Raise GenerationError for an error within it, TimeoutError when for `silence_s` seconds nothing came of the model:
    what only keeps a connection open is silence.
    """
    if "json" in response.headers.get("content-type", ""):
        yield replace(_chunk(json.loads(await response.aread())), is_last=True)
        return
    response.headers["content-type"] = "text/event-stream"  # some say text/plain
    events = aiter(httpx2.EventSource(response))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + silence_s
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                event = await anext(events)
        except StopAsyncIteration:
            break
        if event.data.strip() == "[DONE]":
            yield Chunk(is_last=True)
            return
        chunk = _chunk(json.loads(event.data or "null"))
        if chunk.is_alive:
            deadline = loop.time() + silence_s
        yield chunk
    if {"transfer-encoding", "content-length"} & response.headers.keys():  # else an end can't be told from a cut
        yield Chunk(is_last=True)


def _chunk(told: Any) -> Chunk:
    """Return what a JSON value says as a chunk; what is none says nothing."""
    if not isinstance(told, dict):
        return Chunk()
    if told.get("error"):
        message = "The language model sent an error in place of an answer."
        raise GenerationError(message, hint=" ".join(str(told["error"]).split())[:LONGEST_TOLD])
    choice = next((one for one in _list(told.get("choices")) if isinstance(one, dict)), {})
    said = choice.get("delta") or choice.get("message") or {}
    said = said if isinstance(said, dict) else {}
    text = _text(said.get("content"))
    reason = choice.get("finish_reason")
    is_thinking = bool(said.get("reasoning_content") or said.get("reasoning"))
    return Chunk(
        text=text,
        finish_reason=reason if isinstance(reason, str) else "",
        usage=_usage(told.get("usage")),
        is_alive=bool(text or said.get("content") or is_thinking or reason),
        is_thinking=is_thinking and not text,
    )


def _text(content: Any) -> str:
    """Return the words of content that is text, or parts of which some are."""
    if isinstance(content, str):
        return content
    parts = [content] if isinstance(content, dict) else _list(content)
    return "".join(
        part if isinstance(part, str) else str(part.get("text") or "")
        for part in parts
        if isinstance(part, str) or (isinstance(part, dict) and part.get("type", "text") in {"text", "output_text"})
    )


def _usage(told: Any) -> Usage | None:
    counts: Mapping[str, Any] = told if isinstance(told, dict) else {}
    prompt, completion = counts.get("prompt_tokens"), counts.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    return Usage(prompt_tokens=prompt, completion_tokens=completion)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
