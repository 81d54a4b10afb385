"""Streaming: a growing answer is left alone as soon as its question is another process' to answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.ledger import LostLeaseError
from bot.posting.destinations import ThreadDestination
from bot.posting.streaming import StreamingMessage
from bot.slack.rate_limits import SlackRateLimits
from tests.builders import A_QUESTION
from tests.standins.slack import BOT_TOKEN, SlackStandIn


@dataclass
class RecordThatIsLost:
    """Takes down where the answer stands, once."""

    noted: set[str] = field(default_factory=set)
    stood: asyncio.Event = field(default_factory=asyncio.Event)

    async def starting(self) -> None:
        assert not self.noted

    async def stands(self, ts: str) -> None:
        if ts in self.noted:
            raise LostLeaseError
        self.noted.add(ts)
        self.stood.set()


def test_what_another_process_has_reclaimed_is_not_written_over(slack: SlackStandIn) -> None:
    channel = slack.join("G0TAKENOVER")

    async def grow() -> None:
        rate_limits, record = SlackRateLimits(), RecordThatIsLost()
        rate_limits.refuse("stream")
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        message = StreamingMessage(
            destination=ThreadDestination(client=client, question=replace(A_QUESTION, channel=channel)),
            rate_limits=rate_limits,
            record=record,
            on_first_text=lambda: None,
        )
        await message.append("These are the first words of an answer. ")
        await record.stood.wait()
        await message.append("These are more of them. ")
        assert message.updating
        with pytest.raises(LostLeaseError):
            await asyncio.wait_for(message.updating, timeout=30)

    asyncio.run(grow())
    assert [call.method for call in slack.calls] == ["chat.postMessage"]
