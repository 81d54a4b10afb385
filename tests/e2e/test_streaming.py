"""Streaming: answers grow in their thread while the model writes, and where they are stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.text.wording import wording
from tests.e2e.bot_process import log_of, running_bot, settings_for
from tests.standins.model import DEFAULT_REPLY, Reply
from tests.standins.slack import ASKER, TEAM, Failure, SlackStandIn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import Json

WORDS = wording()
pytestmark = pytest.mark.usefixtures("folder")

QUESTION = "How is data stored in milvus?"
LONG = "Milvus keeps inserted data in object storage [1]. " * 8


def calls(slack: SlackStandIn, channel: str) -> list[tuple[str, Json]]:
    """Return the calls that changed what stands in a channel, in order."""
    return [
        (call.method, call.arguments)
        for call in slack.calls
        if call.arguments.get("channel") == channel and call.method.startswith("chat.")
    ]


def test_an_answer_is_streamed_into_its_thread_and_ends_with_its_citations(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    gate = asyncio.Event()
    model.play(Reply(LONG, gate=gate, pause_after=10))
    ts = slack.mention(channel, QUESTION)
    slack.wait_for(lambda: slack.replies(channel, ts), "the first words")
    model.open_gate(gate)
    (reply,) = slack.wait_for_replies(channel, ts)
    (first, start), *_, (last, stop) = calls(slack, channel)
    assert (first, last) == ("chat.startStream", "chat.stopStream")
    assert (start["thread_ts"], start["recipient_user_id"], start["recipient_team_id"]) == (ts, ASKER, TEAM)
    assert LONG.startswith(start["markdown_text"])
    assert [block["type"] for block in stop["blocks"]] == ["context", "rich_text", "context_actions", "actions"]
    assert reply["blocks"][0] == {"type": "markdown", "text": LONG.strip()}
    assert reply["text"] == LONG.strip()
    assert slack.sessions[channel, ts] == "active"


@pytest.mark.parametrize("ignored", [False, True])
def test_the_stop_button_goes_though_slack_ignores_what_the_streams_end_says(
    slack: SlackStandIn, model: ModelStandIn, channel: str, *, ignored: bool
) -> None:
    gate = asyncio.Event()
    model.play(Reply(LONG, gate=gate, pause_after=10))
    slack.ignores_session_status = ignored
    ts = slack.mention(channel, QUESTION)
    slack.wait_for(lambda: slack.sessions.get((channel, ts)) == "processing", "the stop button")
    model.open_gate(gate)
    slack.wait_for_replies(channel, ts)
    slack.wait_for(lambda: slack.sessions[channel, ts] == "active", "its end")
    set_by_call = [one for one in slack.calls_of("agents.sessions.setStatus") if one["thread_ts"] == ts]
    assert [one["status"] for one in set_by_call] == ["processing", *(["active"] if ignored else [])]
    slack.ignores_session_status = False


def test_a_direct_message_is_streamed_too(slack: SlackStandIn, direct: str) -> None:
    ts = slack.say(direct, QUESTION)
    (reply,) = slack.wait_for_replies(direct, ts)
    assert [method for method, _ in calls(slack, direct)] == ["chat.startStream", "chat.stopStream"]
    assert reply["blocks"][0]["text"] == DEFAULT_REPLY


def test_where_a_channel_takes_no_streams_the_answer_is_updated_as_it_grows(
    slack: SlackStandIn, model: ModelStandIn
) -> None:
    channel, gate = slack.join("G0NOSTREAMS", streams=False), asyncio.Event()
    model.play(Reply(LONG, gate=gate, pause_after=10))
    ts = slack.mention(channel, QUESTION)
    said = "Milvus keeps inserted data in object storage [1]."
    (growing,) = slack.wait_for(
        lambda: [reply for reply in slack.replies(channel, ts) if reply["text"].startswith(said)], "the first sentence"
    )
    model.open_gate(gate)
    (reply,) = slack.wait_for_replies(channel, ts)
    assert (reply["ts"], reply["blocks"][0]["text"]) == (growing["ts"], LONG.strip())
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    methods = [method for method, _ in calls(slack, channel)]
    assert methods.count("chat.startStream") == 1  # it is remembered


def test_a_workspace_without_streams_status_and_sessions_gets_its_answers(model: ModelStandIn, tmp_path: Path) -> None:
    with SlackStandIn() as coarse:
        coarse.coarse = True
        channel = coarse.join("C0COARSE")
        with running_bot(coarse, tmp_path, settings_for(coarse, model, tmp_path)):
            for _ in range(2):
                model.play(Reply(LONG, words_per_s=40))
                ts = coarse.mention(channel, QUESTION)
                (reply,) = coarse.wait_for_replies(channel, ts)
                assert reply["blocks"][0]["text"] == LONG.strip()
            ts = coarse.say(coarse.direct(), QUESTION)
            coarse.wait_for_replies(coarse.direct(), ts)
    tried = [call.method for call in coarse.calls]
    unknown = ("chat.startStream", "assistant.threads.setStatus", "agents.sessions.setStatus")
    assert [tried.count(method) for method in unknown] == [1, 1, 1]
    assert "Traceback" not in log_of(tmp_path)


def test_nothing_of_a_stream_ever_pings_or_lies_though_it_comes_in_pieces(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    words = (
        "Inserted data lies in object storage, <!channel> <@U0BOSS> @here <http://evil.example|x> [1] \u202eok. " * 3
    )
    model.play(Reply(words, words_per_s=15))
    ts = slack.mention(channel, QUESTION)
    slack.wait_for_replies(channel, ts)
    sent = [arguments.get("markdown_text") or "" for _, arguments in calls(slack, channel)]
    assert len(sent) > 2
    for text in (*sent, "".join(sent)):
        for bad in ("<!", "<@", "@here", "<http", "evil.example", "\u202e"):
            assert bad not in text
    assert slack.channels[channel].messages[-1]["text"].count("<\u200b!channel>") == 3


def test_the_stop_button_ends_the_answer_where_it_stands_and_the_models_call(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    model.play(Reply(LONG, stall=True))
    ts = slack.mention(channel, QUESTION)
    slack.wait_for(lambda: slack.replies(channel, ts), "the first words")
    ended = model.hung_up
    slack.wait_for_ack(slack.press_stop(channel, ts))
    (reply,) = slack.wait_for_replies(channel, ts)
    model.wait_for(lambda: model.hung_up > ended, "the end of the model's call")
    text, note, *_ = reply["blocks"]
    assert LONG.startswith(text["text"].strip())
    assert note["elements"][0]["text"] == WORDS.stopped_here
    slack.wait_for(lambda: slack.sessions[channel, ts] == "active", "the session's end")
    slack.wait_for(lambda: f"Answered {channel} {ts}" in log_of(folder), "the end of the question")


def test_who_stops_before_anything_was_said_is_told_that_it_has_stopped(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    gate, asked = asyncio.Event(), len(model.requests)
    model.play(Reply(gate=gate))
    ts = slack.mention(channel, QUESTION)
    model.wait_for(lambda: len(model.requests) > asked, "the model to be asked")
    slack.press_stop(channel, ts)
    (reply,) = slack.wait_for_replies(channel, ts)
    model.open_gate(gate)
    assert reply["text"] == WORDS.stopped
    slack.wait_for(lambda: slack.sessions[channel, ts] == "active", "the session's end")


def test_an_answer_whose_blocks_slack_refuses_is_shown_more_plainly(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    model.play(Reply(status=404))  # the passages: posted whole
    slack.fail("chat.postMessage", Failure("invalid_blocks"))
    (reply,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    assert reply["blocks"][0]["type"] == "section"
    assert reply["blocks"][0]["text"]["text"].startswith("> *Milvus starter FAQ")
