"""Follow-ups: without a mention, and where the bot stays out of people's talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.rendering.action_ids import MUTE_ACTION
from bot.text.wording import wording
from tests.e2e.bot_process import log_of
from tests.standins.model import Reply
from tests.standins.slack import ASKER, BOT_USER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn

WORDS = wording()
QUESTION = "How is data stored in milvus?"
FOLLOW_UP = "And how is an index of it built?"
COLLEAGUE = "U0COLLEAGUE"

pytestmark = pytest.mark.usefixtures("folder", "people")


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    return {"LOG_LEVEL": "DEBUG"}


@pytest.fixture(scope="module")
def people(slack: SlackStandIn) -> None:
    slack.people[COLLEAGUE] = {"team_id": "T0TEAM"}
    slack.people["U0GUEST"] = {"team_id": "T0TEAM", "is_restricted": True}


@pytest.fixture
def thread(slack: SlackStandIn, channel: str) -> str:
    """Give a thread in which the bot has answered once."""
    ts = slack.mention(channel, QUESTION)
    slack.wait_for_replies(channel, ts)
    return ts


def all_is_dealt_with(slack: SlackStandIn) -> None:
    """Return when everything said before has been dealt with: each is acknowledged, and a later one answered."""
    for envelope in slack.envelopes:
        slack.wait_for_ack(envelope)
    channel = slack.new_channel()
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))


def test_a_reply_that_asks_is_answered_without_a_mention_with_the_thread_in_mind(
    slack: SlackStandIn, model: ModelStandIn, channel: str, thread: str
) -> None:
    slack.say(channel, FOLLOW_UP, thread_ts=thread)
    slack.wait_for_replies(channel, thread, count=2)
    assert "<history>" in model.prompt()
    assert QUESTION in model.prompt()


def test_a_colleague_who_asks_the_asker_something_is_left_to_it_until_they_mention_the_bot(
    slack: SlackStandIn, channel: str, thread: str, folder: Path
) -> None:
    ts = slack.say(channel, "Did you try to restart the query node?", thread_ts=thread, user=COLLEAGUE)
    slack.wait_for(lambda: f"Ignored {channel} {ts}: a person has taken over" in log_of(folder), "the reason")
    ts = slack.say(channel, "Yes. Should I give it more memory too?", thread_ts=thread)
    slack.wait_for(lambda: f"Ignored {channel} {ts}: a person has taken over" in log_of(folder), "the reason")
    assert len(slack.replies(channel, thread)) == 1
    slack.mention(channel, "What about sparse vectors?", thread_ts=thread, user=COLLEAGUE)
    slack.wait_for_replies(channel, thread, count=2)
    slack.say(channel, "What about their index?", thread_ts=thread, user=COLLEAGUE)
    slack.wait_for_replies(channel, thread, count=3)


def test_who_was_asked_for_a_question_need_not_mention_the_bot_to_ask_it(slack: SlackStandIn, channel: str) -> None:
    ts = slack.mention(channel, "")
    slack.wait_for_replies(channel, ts)
    slack.say(channel, QUESTION, thread_ts=ts)
    slack.wait_for_replies(channel, ts, count=2)


def test_below_a_commands_question_one_asks_on_without_a_mention(slack: SlackStandIn, channel: str) -> None:
    slack.command(channel, QUESTION)
    asked = slack.wait_for(lambda: slack.channels[channel].messages[:1], "the question")[0]
    slack.wait_for_replies(channel, asked["ts"])
    slack.say(channel, FOLLOW_UP, thread_ts=asked["ts"])
    slack.wait_for_replies(channel, asked["ts"], count=2)


@pytest.mark.parametrize(
    ("text", "more", "reason"),
    [
        ("thanks, that helps!", {}, "asks nothing"),
        (f"<@{COLLEAGUE}> can you look at this, how is it with us?", {}, "addressed to someone else"),
        ("do we know, <@U0BOSS>?", {}, "addressed to someone else"),
        (FOLLOW_UP, {"bot_id": "B0OTHER", "user": "U0OTHER"}, "from an app that is not allowed to ask"),
        (FOLLOW_UP, {"user": "U0GUEST"}, "may not ask"),
    ],
    ids=["asks nothing", "to a colleague", "to somebody", "a bot", "a guest"],
)
def test_what_is_no_follow_up_is_left_alone_and_the_log_says_why(  # noqa: PLR0913 - a row of the table and fixtures
    slack: SlackStandIn, channel: str, thread: str, folder: Path, *, text: str, more: dict[str, str], reason: str
) -> None:
    told = len(slack.private)
    ts = slack.say(channel, text, thread_ts=thread, **more)
    slack.wait_for(lambda: f"Ignored {channel} {ts}: {reason}" in log_of(folder), "the reason")
    assert len(slack.replies(channel, thread)) == 1
    assert len(slack.private) == told


def test_talk_that_is_not_about_milvus_is_left_alone(
    slack: SlackStandIn, model: ModelStandIn, channel: str, thread: str, folder: Path
) -> None:
    model.play(Reply("Can you tell me a joke about cats?"))  # the follow-up as the model words it for the search
    ts = slack.say(channel, "Can you tell me a joke about cats?", thread_ts=thread)
    slack.wait_for(lambda: f"Ignored {channel} {ts}: not about Milvus" in log_of(folder), "the reason")
    assert len(slack.replies(channel, thread)) == 1


def test_a_thread_that_the_bot_is_not_in_is_left_alone(slack: SlackStandIn, channel: str) -> None:
    ts = slack.say(channel, "Where shall we have lunch?")
    slack.say(channel, FOLLOW_UP, thread_ts=ts)
    all_is_dealt_with(slack)
    assert slack.replies(channel, ts) == []


def test_when_a_person_takes_over_the_bot_is_quiet_until_it_is_mentioned(
    slack: SlackStandIn, channel: str, thread: str
) -> None:
    slack.say(channel, "I know this one, it is in the manual.", thread_ts=thread, user=COLLEAGUE)
    slack.say(channel, FOLLOW_UP, thread_ts=thread)
    all_is_dealt_with(slack)
    assert len(slack.replies(channel, thread)) == 1
    slack.mention(channel, FOLLOW_UP, thread_ts=thread)
    slack.wait_for_replies(channel, thread, count=2)
    slack.say(channel, FOLLOW_UP, thread_ts=thread)
    slack.wait_for_replies(channel, thread, count=3)


def test_a_muted_thread_stays_quiet_until_a_mention(
    slack: SlackStandIn, channel: str, thread: str, folder: Path
) -> None:
    told = len(slack.private)
    slack.mention(channel, "mute", thread_ts=thread)
    slack.wait_for(lambda: f"Muted in {channel} {thread}" in log_of(folder), "the mute")
    slack.say(channel, FOLLOW_UP, thread_ts=thread)
    all_is_dealt_with(slack)
    assert len(slack.replies(channel, thread)) == 1
    assert [m["text"] for m in slack.private[told:]] == [WORDS.muted]
    slack.mention(channel, FOLLOW_UP, thread_ts=thread)
    slack.wait_for_replies(channel, thread, count=2)
    slack.say(channel, FOLLOW_UP, thread_ts=thread)
    slack.wait_for_replies(channel, thread, count=3)


def test_a_mention_that_slack_delivers_again_does_not_undo_a_mute(
    slack: SlackStandIn, channel: str, thread: str, folder: Path
) -> None:
    slack.mention(channel, FOLLOW_UP, thread_ts=thread)
    again = slack.envelopes[-1]
    slack.wait_for_replies(channel, thread, count=2)
    slack.mention(channel, "mute", thread_ts=thread)
    slack.wait_for(lambda: f"Muted in {channel} {thread}" in log_of(folder), "the mute")
    slack.wait_for_ack(slack.redeliver(again))
    slack.say(channel, FOLLOW_UP, thread_ts=thread)
    all_is_dealt_with(slack)
    assert len(slack.replies(channel, thread)) == 2


def test_the_word_that_ends_a_mute_is_confirmed_and_is_no_question(
    slack: SlackStandIn, channel: str, thread: str
) -> None:
    before = len(slack.private)
    slack.mention(channel, "please mute this thread", thread_ts=thread)
    slack.wait_for(lambda: slack.private[before:], "a word to who said so")
    for envelope in slack.envelopes:
        slack.wait_for_ack(envelope)
    slack.mention(channel, "unmute", thread_ts=thread)
    slack.wait_for(lambda: slack.private[before + 1 :], "another word")
    assert [m["text"] for m in slack.private[before:]] == [WORDS.muted, WORDS.unmuted]
    slack.say(channel, FOLLOW_UP, thread_ts=thread)
    slack.wait_for_replies(channel, thread, count=2)


def test_the_button_mutes_too(slack: SlackStandIn, channel: str, thread: str) -> None:
    (answer,) = slack.replies(channel, thread)
    *_, button = answer["blocks"][-1]["elements"]
    assert (button["action_id"], button["text"]["text"]) == (MUTE_ACTION, WORDS.mute)
    told = len(slack.private)
    slack.wait_for_ack(slack.press(channel, answer, MUTE_ACTION, ""))
    slack.wait_for(lambda: len(slack.private) > told, "a word to who pressed it")
    assert (slack.private[-1]["user"], slack.private[-1]["text"]) == (ASKER, WORDS.muted)
    slack.say(channel, FOLLOW_UP, thread_ts=thread)
    all_is_dealt_with(slack)
    assert len(slack.replies(channel, thread)) == 1


def test_in_a_direct_message_there_is_no_button_and_nothing_is_muted(slack: SlackStandIn) -> None:
    direct = slack.new_channel(type_="im")
    ts = slack.say(direct, QUESTION)
    (answer,) = slack.wait_for_replies(direct, ts)
    assert MUTE_ACTION not in str(answer["blocks"])
    slack.say(direct, f"<@{BOT_USER}> {FOLLOW_UP}", thread_ts=ts)
    slack.wait_for_replies(direct, ts, count=2)
