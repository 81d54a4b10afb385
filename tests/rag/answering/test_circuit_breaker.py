"""The circuit breaker: a model that is down is left alone, and found again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from rag import GenerationError
from rag.answering.circuit_breaker import (
    FAILURES_ALLOWED,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    SILENT_FOR_S,
    CircuitBreakerModel,
    UncountedCalls,
)
from rag.errors import RequestRefusedError
from tests.fakes import FakeModel

DOWN = GenerationError("The language model can't be reached.")


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Scene:
    """A model behind a breaker, with a clock that a test turns."""

    model: FakeModel = field(default_factory=lambda: FakeModel(["yes"], error=DOWN))
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.breaker = CircuitBreakerModel(self.model, clock=self.clock)

    async def ask(self) -> str:
        try:
            return "".join([piece async for piece in self.breaker.stream("be brief", "?") if isinstance(piece, str)])
        except GenerationError as error:
            return error.message

    async def fail(self, times: int) -> None:
        for _ in range(times):
            assert await self.ask() == DOWN.message


LEFT_ALONE = "The language model is not working right now."


def test_after_failures_in_a_row_the_model_is_not_asked_until_the_pause_is_over() -> None:
    async def scenario() -> None:
        scene = Scene()
        await scene.fail(FAILURES_ALLOWED)
        assert await scene.ask() == LEFT_ALONE
        assert len(scene.model.messages) == FAILURES_ALLOWED
        scene.clock.now += FIRST_PAUSE_S
        scene.model.error = None
        assert await scene.ask() == "yes"
        assert await scene.ask() == "yes"

    asyncio.run(scenario())


def test_a_success_between_failures_starts_the_count_anew() -> None:
    async def scenario() -> None:
        scene = Scene()
        for _ in range(3):
            await scene.fail(FAILURES_ALLOWED - 1)
            scene.model.error = None
            assert await scene.ask() == "yes"
            scene.model.error = DOWN

    asyncio.run(scenario())


def test_the_pause_doubles_up_to_a_limit() -> None:
    async def scenario() -> list[float]:
        scene = Scene()
        await scene.fail(FAILURES_ALLOWED)
        pauses = []
        for _ in range(6):
            pauses.append(scene.breaker.open_until - scene.clock.now)
            scene.clock.now = scene.breaker.open_until
            await scene.fail(1)
        return pauses

    assert asyncio.run(scenario()) == [10, 20, 40, 80, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_after_the_pause_one_question_tries_and_the_others_do_not_wait_for_it() -> None:
    async def scenario() -> None:
        scene = Scene()
        await scene.fail(FAILURES_ALLOWED)
        scene.clock.now += FIRST_PAUSE_S
        scene.model.error = None
        attempt = scene.breaker.stream("be brief", "?")
        assert await anext(attempt) == "yes"
        assert await scene.ask() == LEFT_ALONE
        with pytest.raises(StopAsyncIteration):
            await anext(attempt)
        assert await scene.ask() == "yes"

    asyncio.run(scenario())


def test_failures_of_what_began_before_the_others_failed_do_not_lengthen_the_pause() -> None:
    async def scenario() -> float:
        scene = Scene()
        scene.model.pieces = ["half"]
        streams = [scene.breaker.stream("be brief", "?") for _ in range(FAILURES_ALLOWED + 30)]
        for stream in streams:
            await anext(stream)
        for stream in streams:
            with pytest.raises(GenerationError):
                await anext(stream)
        return scene.breaker.open_until - scene.clock.now

    assert asyncio.run(scenario()) == FIRST_PAUSE_S


def test_a_model_that_is_dead_for_days_is_still_tried_at_the_longest_pause() -> None:
    async def scenario() -> float:
        scene = Scene()
        scene.breaker.failures = 5_000
        await scene.fail(1)
        return scene.breaker.open_until - scene.clock.now

    assert asyncio.run(scenario()) == LONGEST_PAUSE_S


def test_an_attempt_that_is_given_up_lets_the_next_one_try() -> None:
    async def scenario() -> None:
        scene = Scene()
        await scene.fail(FAILURES_ALLOWED)
        scene.clock.now += FIRST_PAUSE_S
        scene.model.error = None
        attempt = scene.breaker.stream("be brief", "?")
        await anext(attempt)
        await attempt.aclose()  # type: ignore[attr-defined]
        assert await scene.ask() == "yes"

    asyncio.run(scenario())


def test_what_is_no_answer_counts_when_it_fails_and_proves_nothing_when_it_works() -> None:
    async def scenario() -> None:
        scene = Scene()
        aside = UncountedCalls(scene.breaker)
        await scene.fail(1)
        scene.model.error = None
        assert [piece async for piece in aside.stream("word it anew", "?")] == ["yes"]
        scene.model.error = DOWN
        await scene.fail(1)
        with pytest.raises(GenerationError):
            _ = [piece async for piece in aside.stream("word it anew", "?")]
        assert await scene.ask() == LEFT_ALONE

    asyncio.run(scenario())


@pytest.mark.parametrize(("silent_s", "counted"), [(SILENT_FOR_S, 1), (SILENT_FOR_S - 1, 0)])
def test_a_call_that_was_given_up_after_a_long_silence_counts(silent_s: float, counted: int) -> None:
    async def scenario() -> int:
        scene = Scene(model=FakeModel(["late"], delay_s=60))
        asking = asyncio.create_task(scene.ask())
        await asyncio.sleep(0)
        scene.clock.now += silent_s
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return scene.breaker.failures

    assert asyncio.run(scenario()) == counted


def test_a_request_that_is_refused_says_nothing_of_the_model() -> None:
    async def run() -> None:
        model = CircuitBreakerModel(FakeModel([], error=RequestRefusedError("Too long.")))
        for _ in range(FAILURES_ALLOWED + 2):
            with pytest.raises(RequestRefusedError):
                async for _ in model.stream("i", "m"):
                    pass
        assert model.failures == 0

    asyncio.run(run())
