"""Parsing: what is a question, and what is ignored."""

from __future__ import annotations

import pytest

from bot.domain import Ignored, MessageRef, SlackQuestion
from bot.listeners.parsing import read_mention, read_message
from bot.text.mrkdwn import message_text, plain_text

EVENT = {"channel": "C1", "ts": "2.0", "user": "U1", "text": "<@U0BOT> why?", "team": "T1", "channel_type": "channel"}


def test_a_mention_and_its_message_are_one_question() -> None:
    mention, message = read_mention(EVENT, bot_user="U0BOT"), read_message(EVENT, bot_user="U0BOT")
    expected = SlackQuestion(team="T1", channel="C1", ts="2.0", thread_ts="2.0", user="U1", text="why?")
    assert mention == message == expected
    assert expected.ref == MessageRef("T1", "C1", "2.0")


def test_a_reply_is_answered_in_its_thread() -> None:
    question = read_mention({**EVENT, "thread_ts": "1.0"}, bot_user="U0BOT")
    assert isinstance(question, SlackQuestion)
    assert (question.thread_ts, question.has_earlier_messages) == ("1.0", True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bot_id": "B1"}, "from a bot"),
        ({"user": "U0BOT"}, "from a bot"),
        ({"user": None}, "from a bot"),
        ({"subtype": "message_changed"}, "an edit or another kind of message"),
        ({"subtype": "message_deleted"}, "an edit or another kind of message"),
        ({"edited": {"user": "U1", "ts": "3.0"}}, "an edit or another kind of message"),
        ({"text": "why?"}, "not addressed"),
        ({"text": "ask <@U2>, why?", "channel": "C2", "thread_ts": "1.0"}, "addressed to someone else"),
        ({"text": "<!subteam^S1|@oncall> why?", "thread_ts": "1.0"}, "addressed to someone else"),
        ({"text": "<!here> why?", "thread_ts": "1.0"}, "addressed to someone else"),
        ({"text": "thanks a lot", "thread_ts": "1.0"}, "asks nothing"),
        ({"text": "need help with TLS", "thread_ts": "1.0"}, "asks nothing"),
        ({"text": "why? " * 700, "channel": "C2"}, "asks nothing"),
        ({"text": "<@U2> why?", "channel": "C2"}, "addressed to someone else"),
        ({"text": "good morning", "channel": "C2"}, "asks nothing"),
        ({"text": "", "channel": "C3"}, "asks nothing"),
        ({"text": "<@U2> why?", "channel": "C3"}, "addressed to someone else"),
        ({"text": "why?", "channel": "C4"}, "only mentions are answered here"),
        ({"text": "why?", "channel": "C4", "thread_ts": "1.0"}, "only mentions are answered here"),
    ],
)
def test_every_quiet_rule(changes: dict[str, object], reason: str) -> None:
    read = read_message(
        {**EVENT, **changes}, bot_user="U0BOT", support_channels={"C2": "questions", "C3": "all", "C4": "mentions"}
    )
    assert read == Ignored(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slack", "plain"),
    [
        ("<@U0BOT> is `a &lt; b`?", "is `a < b`?"),
        ("ask <@U2> in <#C1|general>", "ask @U2 in #general"),
        ("<https://x.org|the docs> or <https://y.org>", "the docs (https://x.org) or https://y.org"),
        ("<!here> &amp; <!subteam^S1|@team> or <!subteam^S1>", "@here & @team or @subteam"),
        ("since <!date^1700000000^{date}|yesterday>", "since yesterday"),
        ("List&lt;float&gt;", "List<float>"),
    ],
)
def test_slack_text_is_read_as_a_person_reads_it(slack: str, plain: str) -> None:
    assert plain_text(slack, bot_user="U0BOT") == plain


def test_of_a_message_without_text_the_blocks_are_read() -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "*Alert*"}, "fields": [{"text": "node: q1"}]}
    link = {"type": "link", "url": "https://x.org", "text": "log"}
    words = {"type": "rich_text_section", "elements": [{"type": "text", "text": "out of "}, link]}
    message = {"text": "", "blocks": [section, {"type": "rich_text", "elements": [words]}, {"type": "divider"}]}
    assert message_text(message, bot_user="U0BOT") == "*Alert*\nnode: q1\nout of log"
