"""The fallback: a second model answers while the first is left alone, and only then."""

from __future__ import annotations

import asyncio

import pytest

from rag.answering.circuit_breaker import FAILURES_ALLOWED, CircuitBreakerModel
from rag.answering.fallback import FallbackModel
from rag.domain import WrittenBy
from rag.errors import ContextTooLongError, GenerationError, LeftAloneError, RequestRefusedError
from tests.fakes import FakeModel

DOWN = GenerationError("The language model can't be reached.")


class Pair:
    """Two models behind breakers with a clock of ours."""

    def __init__(self) -> None:
        self.now = 0.0
        self.first, self.second = FakeModel(["first"], name="one"), FakeModel(["second"], name="two")
        breakers = [CircuitBreakerModel(model, clock=lambda: self.now) for model in (self.first, self.second)]
        self.model = FallbackModel(*breakers)

    def ask(self) -> list[object]:
        async def stream() -> list[object]:
            return [piece async for piece in self.model.stream("be brief", "?")]

        return asyncio.run(stream())

    def break_first(self) -> None:
        self.first.error, self.first.pieces = DOWN, []
        for _ in range(FAILURES_ALLOWED):
            self.ask()


def test_the_first_answers_while_it_works() -> None:
    pair = Pair()
    assert pair.ask() == ["first"]
    assert pair.second.messages == []
    assert pair.model.name == "one"


def test_while_the_first_is_left_alone_the_second_answers_and_says_so() -> None:
    pair = Pair()
    pair.break_first()
    assert pair.ask() == [WrittenBy("two"), "second"]
    assert len(pair.first.messages) == FAILURES_ALLOWED


def test_where_the_first_fails_before_a_word_the_second_answers_at_once() -> None:
    pair = Pair()
    pair.first.error, pair.first.pieces = DOWN, []
    assert pair.ask() == [WrittenBy("two"), "second"]


@pytest.mark.parametrize(
    ("pieces", "error"),
    [(["half an "], DOWN), ([], RequestRefusedError("refused")), ([], ContextTooLongError("too long"))],
)
def test_what_has_begun_or_is_refused_for_itself_is_the_firsts(pieces: list[str], error: GenerationError) -> None:
    pair = Pair()
    pair.first.pieces, pair.first.error = list(pieces), error
    with pytest.raises(GenerationError, match=error.message):
        pair.ask()
    assert pair.second.messages == []


def test_after_its_pause_the_first_is_tried_again() -> None:
    pair = Pair()
    pair.break_first()
    pair.first.error, pair.first.pieces = None, ["first"]
    pair.now += 11
    assert pair.ask() == ["first"]


def test_the_second_has_a_breaker_of_its_own() -> None:
    pair = Pair()
    pair.break_first()
    pair.second.error, pair.second.pieces = DOWN, []
    asked = len(pair.second.messages)
    for _ in range(FAILURES_ALLOWED):
        with pytest.raises(GenerationError, match="reached"):
            pair.ask()
    with pytest.raises(LeftAloneError):
        pair.ask()
    assert len(pair.second.messages) == asked + FAILURES_ALLOWED
