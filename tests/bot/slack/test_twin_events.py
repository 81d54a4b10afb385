"""Twin events: the second event of a mention is left out, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.slack.twin_events import REMEMBERED, TwinEvents


def payload(type_: str, ts: str = "1.1", **event: Any) -> dict[str, Any]:
    return {"event": {"type": type_, "channel": "C1", "ts": ts, **event}}


def taken(*, ok: bool = True) -> TwinEvents:
    twins = TwinEvents()
    mention = twins.begin(payload("app_mention"))
    assert mention
    mention.set_result(ok)
    return twins


@pytest.mark.parametrize(
    ("message", "is_twin"),
    [
        (payload("message"), True),
        (payload("message", subtype="file_share"), True),
        (payload("message", ts="1.2"), False),
        (payload("message", channel="C2"), False),
        (payload("message", subtype="message_changed"), False),
        (payload("app_mention"), False),
        ({"type": "block_actions"}, False),
        ({"event": "odd"}, False),
    ],
)
def test_only_the_message_of_a_taken_mention_is_its_twin(message: dict[str, Any], *, is_twin: bool) -> None:
    async def scenario() -> bool:
        return await taken().is_twin(message)

    assert asyncio.run(scenario()) == is_twin


def test_the_twin_of_a_mention_that_could_not_be_taken_is_dealt_with_itself() -> None:
    async def scenario() -> bool:
        return await taken(ok=False).is_twin(payload("message"))

    assert not asyncio.run(scenario())


def test_a_twin_waits_until_it_is_known_whether_its_mention_was_taken() -> None:
    async def scenario() -> bool:
        twins = TwinEvents()
        mention = twins.begin(payload("app_mention"))
        assert mention
        waiting = asyncio.create_task(twins.is_twin(payload("message")))
        await asyncio.sleep(0)
        assert not waiting.done()
        mention.set_result(True)
        return await waiting

    assert asyncio.run(scenario())


def test_only_the_mentions_of_late_are_remembered() -> None:
    async def scenario() -> int:
        twins = TwinEvents()
        for number in range(REMEMBERED + 10):
            assert twins.begin(payload("app_mention", ts=str(number)))
        return len(twins.mentions)

    assert asyncio.run(scenario()) == REMEMBERED
