"""OpenAI-compatible servers: the stream, and the count of its tokens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rag.backends.openai_compatible import OpenAIChatModel, make_chat_client
from rag.domain import Notice, Usage
from tests.standins.model import TOKEN, ModelStandIn, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable


def ask(server: ModelStandIn) -> list[str | Usage | Notice]:
    """Return all that a stream brings."""

    async def stream() -> list[str | Usage | Notice]:
        client = make_chat_client(base_url=server.base_url, api_key=TOKEN, timeout_s=5, max_retries=0)
        async with client:
            model = OpenAIChatModel(
                completions=client.chat.completions, model="m", max_tokens=9, temperature=0, begins_within_s=5
            )
            return [piece async for piece in model.stream("be brief", "one two three")]

    return asyncio.run(stream())


def words(pieces: Iterable[str | Usage | Notice]) -> str:
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
        server.knows_stream_options = False
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
