"""Background tasks and back-off."""

from __future__ import annotations

import asyncio

from bot.background import LONGEST_PAUSE_S, BackgroundTasks, backoff


def test_pauses_grow_with_the_failures_up_to_a_limit() -> None:
    assert all(0.375 <= backoff(1) <= 0.625 for _ in range(100))
    assert all(1.0 <= backoff(3, share=0.5) <= 3.0 for _ in range(100))
    assert all(LONGEST_PAUSE_S / 2 <= backoff(10_000, share=0.5) <= 1.5 * LONGEST_PAUSE_S for _ in range(100))


def test_a_task_too_many_is_left_out_and_a_failure_is_told() -> None:
    async def scenario() -> None:
        errors: list[BaseException] = []
        tasks, gate, done = BackgroundTasks(most=2, on_error=errors.append), asyncio.Event(), []

        async def work(name: str) -> None:
            await gate.wait()
            done.append(name)
            if name == "b":
                raise ValueError(name)

        for name in "abc":
            tasks.start(work(name))
        gate.set()
        await tasks.wait(10)
        await asyncio.sleep(0)
        assert (sorted(done), [str(error) for error in errors]) == (["a", "b"], ["b"])
        assert not tasks.tasks

    asyncio.run(scenario())


def test_what_is_under_way_can_be_ended() -> None:
    async def scenario() -> None:
        errors: list[BaseException] = []
        tasks = BackgroundTasks(most=2, on_error=errors.append)
        tasks.start(asyncio.Event().wait())  # type: ignore[arg-type]
        await tasks.cancel()
        assert errors == []
        assert not tasks.tasks

    asyncio.run(scenario())
