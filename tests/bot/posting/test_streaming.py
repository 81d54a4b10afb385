"""This file is where a growing answer is left alone as soon as its question is another process' to answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.ledger import STARTED, LostLeaseError
from bot.posting.destinations import InThread
from bot.posting.streaming import LiveReply
from bot.slack.rate_limits import Manners
from tests.builders import AN_INQUIRY
from tests.standins.slack import BOT_TOKEN, SlackStandIn


def test_what_another_process_has_taken_over_is_not_written_over(slack: SlackStandIn) -> None:
    channel, noted, stands = slack.join("G0TAKENOVER"), set[str](), asyncio.Event()

    async def note(ts: str) -> None:
        if ts in noted:
            raise LostLeaseError
        noted.add(ts)
        if ts != STARTED:
            stands.set()

    async def grow() -> None:
        manners = Manners()
        manners.refuse("stream")
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        inquiry = replace(AN_INQUIRY, channel=channel)
        live = LiveReply(
            place=InThread(client=client, inquiry=inquiry), manners=manners, note=note, on_first_words=lambda: None
        )
        await live.hear("These are the first words of an answer. ")
        await stands.wait()
        await live.hear("These are more of them. ")
        assert live.growing
        with pytest.raises(LostLeaseError):
            await asyncio.wait_for(live.growing, timeout=30)

    asyncio.run(grow())
    assert [call.method for call in slack.calls] == ["chat.postMessage"]
