"""OpenAI-compatible servers: the stream, and the count of its tokens."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

import httpx2
import pytest

from rag.backends.chat_endpoint import Capabilities, estimate_tokens, is_too_long, longest_answer, read_chunks
from rag.backends.openai_compatible import OpenAIChatModel, make_chat_client
from rag.domain import Discard, Notice, Thinking, Usage
from rag.errors import ContextTooLongError, GenerationError, RequestRefusedError, SettingsError
from tests.standins.model import TOKEN, ModelStandIn, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from openai import AsyncOpenAI

    from rag.domain import Piece


class Asker:
    """A model that remembers what its endpoint takes; each question has an event loop and a client of its own."""

    def __init__(self, server: ModelStandIn, *, max_tokens: int = 9, context_tokens: int = 0) -> None:
        self.server = server
        self.model = OpenAIChatModel(
            client=cast("AsyncOpenAI", None),
            model="m",
            temperature=0.1,
            begins_within_s=5,
            silence_s=5,
            capabilities=Capabilities(max_tokens=max_tokens),
            context_tokens=context_tokens,
        )

    def ask(self, message: str) -> list[Piece]:
        """Return all that a stream brings."""

        async def stream() -> list[Piece]:
            client = make_chat_client(base_url=self.server.base_url, api_key=TOKEN, timeout_s=5, max_retries=0)
            async with client:
                self.model.client = client
                return [piece async for piece in self.model.stream("be brief", message)]

        return asyncio.run(stream())


def ask(server: ModelStandIn) -> list[Piece]:
    return Asker(server).ask("one two three")


def refusing(name: str, status: int, message: str) -> Callable[[dict[str, Any]], tuple[int, str] | None]:
    """Refuse what holds a parameter, or a message of a role."""

    def refuse(asked: dict[str, Any]) -> tuple[int, str] | None:
        holds = asked.get(name) or name in {one["role"] for one in asked["messages"]}
        return (status, message) if holds else None

    return refuse


def words(pieces: Iterable[Piece]) -> str:
    return "".join(piece for piece in pieces if isinstance(piece, str)).strip()


def test_a_stream_ends_in_the_count_of_its_tokens() -> None:
    with ModelStandIn() as server:
        server.play(Reply("Two words"))
        pieces = ask(server)
    assert words(pieces) == "Two words"
    usage = pieces[-1]
    assert isinstance(usage, Usage)
    assert usage.completion_tokens == 2
    assert usage.prompt_tokens > 3


def test_a_server_that_does_not_know_the_count_is_asked_again_without() -> None:
    with ModelStandIn() as server:
        server.refuse = refusing("stream_options", 400, "Unrecognized request argument supplied: stream_options")
        server.play(Reply("Two words"))
        pieces = ask(server)
        assert ["stream_options" in request for request in server.requests] == [True, False]
    assert words(pieces) == "Two words"
    assert not any(isinstance(piece, Usage) for piece in pieces)


def test_an_answer_at_the_longest_allowed_says_so() -> None:
    with ModelStandIn() as server:
        server.play(Reply("Two words", finish_reason="length"))
        pieces = ask(server)
    assert words(pieces) == "Two words"
    assert pieces[-1] == Notice(kind="model cut short", text="Cut at the longest answer allowed (LLM_MAX_TOKENS=9).")


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("stream_options", 422, '[{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]'),
        ("stream_options", 400, "Bad request: unknown field"),
        ("system", 400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        ("system", 500, "Jinja Exception: System role not supported"),
        ("system", 400, "Bad request"),
        ("max_tokens", 400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        ("temperature", 400, "'temperature' does not support 0.1 with this model."),
        ("stream", 400, "Streaming is not supported for this model. Set stream to false."),
    ],
)
def test_what_an_endpoint_does_not_take_is_left_out_from_then_on(name: str, status: int, message: str) -> None:
    with ModelStandIn() as server:
        server.refuse = refusing(name, status, message)
        server.choose = lambda: Reply(raw=WHOLE, content_type="application/json") if name == "stream" else Reply("Two")
        model = Asker(server)
        first, second = model.ask("one"), model.ask("two")
        *refused, third, fourth = server.requests
        assert refused
        assert all(map(server.refuse, refused))
        assert not server.refuse(third)
        assert not server.refuse(fourth), "the second question costs no refusal"
    assert (words(first), words(second)) == ("Two", "Two")


def test_without_a_system_role_the_instructions_stand_before_the_question() -> None:
    with ModelStandIn() as server:
        server.refuse = refusing("system", 400, "System role not supported")
        ask(server)
        assert server.requests[-1]["messages"] == [{"role": "user", "content": "be brief\n\none two three"}]


def test_a_request_that_is_refused_whatever_is_left_out_is_refused_at_once_the_next_time() -> None:
    with ModelStandIn() as server:
        server.refuse = lambda _: (400, "no")
        model = Asker(server)
        for _ in range(2):
            with pytest.raises(RequestRefusedError):
                model.ask("one")
        assert len(server.requests) <= 9


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 2048 tokens. However, you requested 3100 tokens.",
        "the request exceeds the available context size, try increasing it",
        "Input is too long for requested model.",
        "prompt is too long: 9000 tokens > 8192 maximum",
    ],
)
def test_what_is_too_long_is_told_apart_and_remembered(message: str) -> None:
    with ModelStandIn() as server:
        server.refuse = lambda asked: (400, message) if len(str(asked["messages"])) > 400 else None
        model = Asker(server)
        for _ in range(2):
            with pytest.raises(ContextTooLongError):
                model.ask("x" * 500)
        assert len(server.requests) == 1
        assert words(model.ask("short"))


def test_fewer_tokens_are_asked_for_where_so_many_are_too_many() -> None:
    with ModelStandIn() as server:
        told = "'max_tokens' is too large: 1024. This model's maximum context length is 2048 tokens."
        server.refuse = lambda asked: (400, told) if asked["max_tokens"] > 500 else None
        assert words(Asker(server, max_tokens=1024).ask("one"))
        assert [asked["max_tokens"] for asked in server.requests] == [1024, 512, 256]


def event(content: Any, **choice: Any) -> str:
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": content}, **choice}]}) + "\n\n"


WHOLE = json.dumps({"choices": [{"message": {"role": "assistant", "content": "Two"}, "finish_reason": "stop"}]})
DONE, STOP = "data: [DONE]\n\n", event(None, finish_reason="stop")
THINKING_PART = [{"type": "thinking", "thinking": [{"type": "text", "text": "Let me see."}]}]
STREAMS = {
    "an empty finish reason, then [DONE]": event("Two", finish_reason="") + DONE,
    "no finish reason, then [DONE]": event("Two") + DONE,
    "neither, but a regular end": event("Two"),
    "no [DONE]": event("Two") + STOP,
    "parts of content": event([{"type": "text", "text": "Two"}]) + STOP,
    "a part of thinking": event(THINKING_PART) + event("Two") + STOP,
    "data that is null": "data: null\n\n" + event("Two") + STOP,
    "data that is a list": "data: [1]\n\n" + event("Two") + STOP,
    "comments": ": keep-alive\n\n" + event("Two") + ": keep-alive\n\n" + STOP,
    "choices that are null": 'data: {"choices": null}\n\n' + event("Two") + STOP,
    "CRLF": (event("Two") + STOP).replace("\n", "\r\n"),
}


@pytest.mark.parametrize("raw", STREAMS.values(), ids=STREAMS)
def test_a_stream_of_another_shape_is_read(raw: str) -> None:
    with ModelStandIn() as server:
        server.play(Reply(raw=raw))
        assert words(ask(server)) == "Two"


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
def test_a_reply_is_read_whatever_way_it_comes(content_type: str) -> None:
    raw = WHOLE if "json" in content_type else f"data: {WHOLE}\n\n"
    with ModelStandIn() as server:
        server.play(Reply(raw=raw, content_type=content_type))
        assert words(ask(server)) == "Two"


@pytest.mark.parametrize("error", [{"message": "overloaded"}, "overloaded"])
def test_an_error_within_a_reply_is_one(error: object) -> None:
    with ModelStandIn() as server:
        server.play(Reply(raw=event("Two") + f"data: {json.dumps({'error': error})}\n\n"))
        with pytest.raises(GenerationError, match="overloaded"):
            ask(server)


def test_what_only_keeps_the_connection_open_is_silence() -> None:
    async def read() -> None:
        async def keep_alive() -> AsyncIterator[bytes]:
            while True:
                yield b": keep-alive\n\n" + event("").encode()
                await asyncio.sleep(0.01)

        response = httpx2.Response(200, content=keep_alive(), request=httpx2.Request("POST", "http://model"))
        async for chunk in read_chunks(response, silence_s=0.2):
            assert not chunk.text

    with pytest.raises(TimeoutError):
        asyncio.run(read())


def test_an_answer_that_a_filter_cut_says_so() -> None:
    with ModelStandIn() as server:
        server.play(Reply(raw=event("Two") + event(None, finish_reason="content_filter")))
        assert [piece.kind for piece in ask(server) if isinstance(piece, Notice)] == ["model filtered"]


def test_of_a_model_that_marks_only_the_end_of_its_reasoning_the_next_reply_waits_for_it() -> None:
    with ModelStandIn() as server:
        server.choose = lambda: Reply("Let me see. </think> Two")
        model = Asker(server)
        assert Discard() in model.ask("one")
        second = model.ask("two")
    assert (words(second), Discard() in second) == ("Two", False)


def test_certificates_that_are_not_there_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/ca.pem")
    with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
        make_chat_client(base_url="https://model.example/v1/", api_key=TOKEN, timeout_s=5, max_retries=0)


def test_what_is_too_long_for_a_context_that_is_known_is_not_sent() -> None:
    with ModelStandIn() as server:
        model = Asker(server, context_tokens=100)
        assert words(model.ask("word " * 40))
        with pytest.raises(ContextTooLongError):
            model.ask("word " * 80)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 1), ("word " * 70, 101), ("向量数据库", 6), ("naïve", 3), ("x" * 350, 101)]
)
def test_tokens_are_estimated_rather_too_many(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@pytest.mark.parametrize(("context", "longest"), [(0, 1024), (8192, 1024), (2048, 682), (1024, 341)])
def test_an_answer_takes_a_third_of_the_context_at_most(context: int, longest: int) -> None:
    assert longest_answer(1024, context) == longest


def test_reasoning_beside_the_content_is_told_of_and_not_shown() -> None:
    chunks = [{"reasoning_content": "Let me see."}, {"reasoning": "Once more."}, {"content": "So."}]
    raw = "".join(f"data: {json.dumps({'choices': [{'delta': chunk}]})}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    with ModelStandIn() as server:
        server.play(Reply(raw=raw))
        pieces = ask(server)
    assert pieces == [Thinking(), Thinking(), "So."]


@pytest.mark.parametrize(
    "told", ["context deadline exceeded", "upstream: context canceled, exceeded", "request timed out"]
)
def test_a_time_that_has_run_out_is_no_length(told: str) -> None:
    assert not is_too_long(told)
