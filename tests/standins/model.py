"""An OpenAI-compatible server in Lepton's place: scripted, streaming, with a memory."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.standins.server import StandInServer

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "lepton-stand-in"
LOOK_EVERY_S = 0.1
DEFAULT_REPLY = "Milvus keeps inserted data in object storage [1] and metadata in etcd [1]."


def long_text(lines: int) -> str:
    """Return so many lines, none like another, which the starter FAQ holds."""
    letters = "abcdefghijkl"
    words = [f"{one}{two}{three}" for one in letters for two in letters for three in letters][:lines]
    return "".join(f"What you insert is stored persistently in object storage, {word} [1].\n\n" for word in words)


@dataclass(frozen=True)
class Reply:
    """What the model does with one request.

    It streams `text` word by word. `status` other than 200 is answered at once; `stall` never ends the stream;
    `break_off` closes the connection after the text; `raw` is sent instead of a stream. `gate` is waited for before the
    first word, or after `pause_after` words; `words_per_s` paces the words, which otherwise come at once.
    """

    text: str = DEFAULT_REPLY
    status: int = 200
    stall: bool = False
    break_off: bool = False
    raw: str | None = None
    content_type: str = "text/event-stream"
    finish_reason: str = "stop"
    gate: asyncio.Event | None = None
    pause_after: int = 0
    words_per_s: float = 0.0


class ModelStandIn(StandInServer):
    """A chat endpoint that plays its script and then what `choose` returns, and an embeddings endpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.refuse: Callable[[dict[str, Any]], tuple[int, str] | None] = lambda _: None
        """Gives status and message with which a request is refused, None where it is taken."""
        self.script: deque[Reply] = deque()
        self.choose: Callable[[], Reply] = Reply
        self.requests: list[dict[str, Any]] = []
        self.embedded: list[str] = []
        self.hung_up = 0
        """How many replies were not listened to until their end."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/"

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v1/chat/completions", self._on_chat), web.post("/v1/embeddings", self._on_embeddings)]

    def play(self, *replies: Reply) -> None:
        self.script.extend(replies)

    def open_gate(self, gate: asyncio.Event) -> None:
        """Let a reply go on that waits for it."""
        self._loop.call_soon_threadsafe(gate.set)

    def prompt(self, index: int = -1) -> str:
        """Return the user message of a request."""
        return str(self.requests[index]["messages"][-1]["content"])

    async def _on_chat(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401)
        asked = await request.json()
        with self.changed:
            self.requests.append(asked)
            self.changed.notify_all()
        if refused := self.refuse(asked):
            return _error(*refused)
        reply = self.script.popleft() if self.script else self.choose()
        if reply.status != 200:
            return _error(reply.status)
        if reply.raw is not None:
            return web.Response(text=reply.raw, content_type=reply.content_type)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await _stream(reply, request, response)
            if "stream_options" in asked and not reply.break_off:
                await response.write(_usage_chunk(len(str(asked["messages"]).split()), len(reply.text.split())))
            await response.write(b"data: [DONE]\n\n")
        except ConnectionError:
            self._note_hang_up()
        return response

    def _note_hang_up(self) -> None:
        with self.changed:
            self.hung_up += 1
            self.changed.notify_all()

    async def _on_embeddings(self, request: web.Request) -> web.Response:
        body = await request.json()
        with self.changed:
            self.embedded += body["input"]
        vectors = [{"object": "embedding", "index": i, "embedding": _vector(t)} for i, t in enumerate(body["input"])]
        return web.json_response({"object": "list", "model": body["model"], "data": vectors, "usage": {}})


async def _stream(reply: Reply, request: web.Request, response: web.StreamResponse) -> None:
    await response.prepare(request)
    if reply.gate and not reply.pause_after:
        await reply.gate.wait()
    begun = time.monotonic()
    for number, word in enumerate(reply.text.split(" "), start=1):
        if reply.gate and number == reply.pause_after + 1 > 1:
            await reply.gate.wait()
        if reply.words_per_s:
            await asyncio.sleep(begun + number / reply.words_per_s - time.monotonic())
        await response.write(_chunk(delta={"content": f"{word} "}))
    while reply.stall:
        await asyncio.sleep(LOOK_EVERY_S)
        if request.transport is None:
            raise ConnectionError
    if reply.break_off and request.transport:
        request.transport.close()
        return
    await response.write(_chunk(delta={}, finish_reason=reply.finish_reason))


def _vector(text: str) -> list[float]:
    """Return a bag of letters: crude, deterministic, and not of length 1."""
    return [1.0 + text.lower().count(letter) for letter in "abcdefgh"]


def _chunk(*, delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "stand-in", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _usage_chunk(prompt: int, completion: int) -> bytes:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _error(status: int, message: str = "secret detail") -> web.Response:
    return web.json_response({"error": {"message": message, "type": "stand_in"}}, status=status)
