"""Slack's faults, in every way that it has; each question is answered once all the same."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.e2e.bot_process import log_of
from tests.standins.model import DEFAULT_REPLY, Reply, long_text
from tests.standins.slack import Failure, SlackStandIn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.standins.model import ModelStandIn

QUESTION = "How is data stored in milvus?"

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def assert_answered_once(slack: SlackStandIn, channel: str, folder: Path) -> Callable[..., None]:
    """Give what waits until the bot is done with a question, and a later one, and then counts the answers."""

    def assert_it(ts: str, *, messages: int = 1) -> None:
        slack.wait_for(lambda: f"Answered {channel} {ts}" in log_of(folder), f"the end of {ts}")
        later = slack.new_channel()
        slack.wait_for_replies(later, slack.mention(later, QUESTION))
        assert len(slack.replies(channel, ts)) == messages

    return assert_it


FAILURES = {
    "its own fault": Failure("internal_error"),
    "500": Failure(status=500),
    "429": Failure("ratelimited", status=429, retry_after=0),
    "503 though it was done": Failure(status=503, after_work=True),
    "timeout though done": Failure("request_timeout", after_work=True),
    "no reply though done": Failure(after_work=True, hang=True),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_an_answer_that_can_not_be_posted_at_first_stands_there_once(
    slack: SlackStandIn,
    model: ModelStandIn,
    channel: str,
    assert_answered_once: Callable[..., None],
    *,
    failure: Failure,
) -> None:
    model.play(Reply(status=404))  # the passages themselves: nothing grows
    slack.fail("chat.postMessage", failure)
    assert_answered_once(slack.mention(channel, QUESTION))
    assert not slack.failures_left("chat.postMessage")


@pytest.mark.parametrize(
    ("method", "failure"),
    [
        *(("chat.startStream", failure) for failure in FAILURES.values()),
        *(("chat.stopStream", failure) for failure in list(FAILURES.values())[1:5]),
    ],
)
def test_a_stream_that_can_not_be_begun_or_ended_at_first_is_one_answer_in_the_end(
    slack: SlackStandIn, channel: str, assert_answered_once: Callable[..., None], *, method: str, failure: Failure
) -> None:
    slack.fail(method, failure)
    ts = slack.mention(channel, QUESTION)
    assert_answered_once(ts)
    assert not slack.failures_left(method)
    (reply,) = slack.replies(channel, ts)
    assert reply["blocks"][0]["text"] == DEFAULT_REPLY
    assert reply["metadata"]["event_payload"] == {"question": ts, "part": 0, "revision": 0}


def test_a_stream_that_tears_is_completed_in_its_place(
    slack: SlackStandIn, model: ModelStandIn, channel: str, assert_answered_once: Callable[..., None]
) -> None:
    model.play(Reply("Milvus keeps inserted data in object storage [1]. " * 6, words_per_s=20))
    slack.fail("chat.appendStream", Failure(status=500, after_work=True))
    ts = slack.mention(channel, QUESTION)
    assert_answered_once(ts)
    assert not slack.failures_left("chat.appendStream")
    (reply,) = slack.replies(channel, ts)
    assert reply["blocks"][0]["text"] == ("Milvus keeps inserted data in object storage [1]. " * 6).strip()
    assert {call["ts"] for call in slack.calls_of("chat.update") if call["channel"] == channel} == {reply["ts"]}


def test_a_stream_that_slack_ends_is_completed_in_its_place(
    slack: SlackStandIn, model: ModelStandIn, channel: str, assert_answered_once: Callable[..., None]
) -> None:
    gate = asyncio.Event()
    model.play(Reply("Milvus keeps inserted data in object storage [1].", pause_after=6, gate=gate))
    ts = slack.mention(channel, QUESTION)
    slack.wait_for(lambda: slack.replies(channel, ts), "the stream")
    slack.kill_streams()
    model.open_gate(gate)
    assert_answered_once(ts)
    (reply,) = slack.replies(channel, ts)
    assert reply["blocks"][0]["text"] == "Milvus keeps inserted data in object storage [1]."


def test_a_stream_that_someone_deletes_is_posted_again_when_it_is_whole(
    slack: SlackStandIn, model: ModelStandIn, channel: str, assert_answered_once: Callable[..., None]
) -> None:
    gate = asyncio.Event()
    model.play(Reply("Milvus keeps inserted data in object storage [1].", pause_after=6, gate=gate))
    ts = slack.mention(channel, QUESTION)
    (stream,) = slack.wait_for(lambda: slack.replies(channel, ts), "the stream")
    slack.channels[channel].messages.remove(stream)
    model.open_gate(gate)
    assert_answered_once(ts)


def test_a_long_answer_goes_on_where_it_broke_off(
    slack: SlackStandIn, model: ModelStandIn, channel: str, assert_answered_once: Callable[..., None]
) -> None:
    model.play(Reply(long_text(300)))
    slack.fail("chat.postMessage", Failure(status=500, after_work=True))
    ts = slack.mention(channel, QUESTION)
    assert_answered_once(ts, messages=2)
    parts = [reply["metadata"]["event_payload"]["part"] for reply in slack.replies(channel, ts)]
    assert parts == [0, 1]


def test_a_command_whose_question_was_posted_though_nobody_heard_so_is_not_posted_again(
    slack: SlackStandIn, channel: str
) -> None:
    slack.fail("chat.postMessage", Failure(status=500, after_work=True))
    slack.wait_for_ack(slack.command(channel, QUESTION))
    asked = slack.wait_for(lambda: slack.channels[channel].messages[:1], "the question")[0]
    slack.wait_for_replies(channel, asked["ts"])
    assert [m["text"] for m in slack.channels[channel].messages if "thread_ts" not in m] == [asked["text"]]


def test_a_thread_or_a_person_that_can_not_be_read_for_a_moment_is_read_again(
    slack: SlackStandIn, model: ModelStandIn, channel: str, assert_answered_once: Callable[..., None]
) -> None:
    ts = slack.mention(channel, "What is a segment?")
    slack.wait_for_replies(channel, ts)
    slack.fail("conversations.replies", Failure(status=502))
    slack.mention(channel, "How large is it?", thread_ts=ts)
    slack.wait_for_replies(channel, ts, count=2)
    assert "What is a segment?" in model.prompt()
    slack.people["U0NEW"] = {"team_id": "T0TEAM"}
    slack.fail("users.info", Failure(status=500))
    assert_answered_once(slack.mention(channel, QUESTION, user="U0NEW"))


def test_an_event_delivered_again_and_again_is_answered_once(
    slack: SlackStandIn, channel: str, assert_answered_once: Callable[..., None]
) -> None:
    ts = slack.mention(channel, QUESTION)
    for envelope in slack.envelopes[-2:] * 3:
        slack.wait_for_ack(slack.redeliver(envelope))
    assert_answered_once(ts)


def test_questions_asked_while_connections_are_cut_are_answered_once(
    slack: SlackStandIn, channel: str, assert_answered_once: Callable[..., None]
) -> None:
    stamps = []
    for _ in range(3):
        slack.cut_connections()
        stamps.append(slack.mention(channel, QUESTION))
        slack.wait_until_connected()
    for ts in stamps:
        assert_answered_once(ts)


def test_connections_that_fall_silent_are_made_anew(
    slack: SlackStandIn, channel: str, assert_answered_once: Callable[..., None]
) -> None:
    slack.silence_connections()
    ts = slack.mention(channel, QUESTION)
    slack.wait_until_connected()
    assert_answered_once(ts)


def test_a_handshake_that_is_refused_is_tried_again_with_a_fresh_address(
    slack: SlackStandIn, channel: str, assert_answered_once: Callable[..., None]
) -> None:
    slack.refuse_handshakes(3)
    slack.cut_connections()
    ts = slack.mention(channel, QUESTION)
    slack.wait_until_connected()
    assert_answered_once(ts)


def test_there_are_two_connections_and_no_storm_of_new_ones(slack: SlackStandIn, channel: str, folder: Path) -> None:
    slack.wait_for(lambda: slack.count_open() == 2, "two sockets")
    before = slack.opened
    slack.refuse_handshakes(4)
    slack.cut_connections()
    slack.wait_until_connected()
    assert slack.opened - before <= 7  # as many as were refused, two that held, one more under way
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    assert "Traceback" not in log_of(folder)


ODD_FRAMES = (
    "",
    "[]",
    "null",
    "42",
    "no JSON",
    "{}",
    b"\x00\xff",
    '{"type": "events_api", "envelope_id": "1", "payload": null}',
    '{"type": "events_api", "envelope_id": null, "payload": {}}',
    '{"type": "events_api", "envelope_id": "1", "payload": {}}',
    '{"type": "events_api", "payload": {}}',
    '{"type": ["odd"], "envelope_id": "1", "payload": "odd"}',
    '{"type": "events_api", "envelope_id": "1", "payload": {"event": {"type": "message", "message": null}}}',
)


def test_odd_frames_are_skipped_and_the_connections_live(slack: SlackStandIn, channel: str) -> None:
    slack.wait_for(lambda: slack.count_open() == 2, "both sockets")
    opened = slack.opened
    for frame in ODD_FRAMES:
        slack.send_frame(frame)
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    assert slack.opened == opened, "no connection was made anew"


ODD = Failure(status=503, body=b"upstream connect error")
PAGE = Failure(body=b"<html>Please wait</html>", content_type="application/json")


@pytest.mark.parametrize("failure", [ODD, PAGE], ids=["plain text", "a page typed as JSON"])
@pytest.mark.parametrize(
    "method",
    ["chat.postMessage", "chat.startStream", "chat.stopStream", "chat.update", "conversations.replies", "users.info"],
)
def test_what_a_gateway_answers_costs_no_answer(
    slack: SlackStandIn, channel: str, assert_answered_once: Callable[..., None], *, method: str, failure: Failure
) -> None:
    slack.fail(method, failure)
    assert_answered_once(slack.mention(channel, QUESTION))
    slack.recover(method)


@pytest.mark.parametrize("failure", [ODD, PAGE], ids=["plain text", "a page typed as JSON"])
def test_a_connection_that_a_gateway_refuses_is_tried_again(
    slack: SlackStandIn, channel: str, failure: Failure
) -> None:
    slack.fail("apps.connections.open", failure)
    slack.cut_connections()
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    slack.wait_for(lambda: slack.count_open() == 2, "both sockets")
