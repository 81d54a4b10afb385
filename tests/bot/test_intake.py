"""This file is where events are read: what is a question, and when to stay quiet."""

from __future__ import annotations

import pytest

from bot.intake import Inquiry, Quiet, asks_something, plain_text, read_mention, read_message

EVENT = {"channel": "C1", "ts": "2.0", "user": "U1", "text": "<@U0BOT> why?", "team": "T1", "channel_type": "channel"}


def test_a_mention_and_its_message_are_one_question() -> None:
    mention, message = read_mention(EVENT, bot_user="U0BOT"), read_message(EVENT, bot_user="U0BOT")
    expected = Inquiry(team="T1", channel="C1", ts="2.0", thread_ts="2.0", user="U1", text="why?")
    assert mention == message == expected
    assert expected.key == ("T1", "C1", "2.0")


def test_a_reply_is_answered_in_its_thread() -> None:
    inquiry = read_mention({**EVENT, "thread_ts": "1.0"}, bot_user="U0BOT")
    assert isinstance(inquiry, Inquiry)
    assert (inquiry.thread_ts, inquiry.in_running_thread) == ("1.0", True)


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
        ({"text": "thanks a lot", "thread_ts": "1.0"}, "asks nothing"),
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
    assert read == Quiet(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "How do I do this",
        "anyone knows why it fails",
        "hi all, what is a segment",
        "I get an error: connection refused",
        "It does not work. Why?",
        "它支持吗？",  # noqa: RUF001
        "هل يدعم؟",
        "Wie geht das",
        "怎么备份数据",
        "教えてください、バックアップの方法",
        "كيف أنشئ فهرسا",
        "Où sont mes données",
        "dónde están los datos",
        "onde ficam os dados",
    ],
)
def test_what_asks(text: str) -> None:
    assert asks_something(text)


@pytest.mark.parametrize(
    "text", ["thanks!", "see https://x.org/?a=b", "we use `a ? b : c`", "```\nwhy?\n```", "Howard is here", ""]
)
def test_what_does_not_ask(text: str) -> None:
    assert not asks_something(text)


@pytest.mark.parametrize(
    ("slack", "plain"),
    [
        ("<@U0BOT> is `a &lt; b`?", "is `a < b`?"),
        ("ask <@U2> in <#C1|general>", "ask @U2 in #general"),
        ("<https://x.org|the docs> or <https://y.org>", "the docs (https://x.org) or https://y.org"),
        ("<!here> &amp; <!subteam^S1|@team>", "@here & @subteam"),
        ("List&lt;float&gt;", "List<float>"),
    ],
)
def test_slack_text_is_read_as_a_person_reads_it(slack: str, plain: str) -> None:
    assert plain_text(slack, bot_user="U0BOT") == plain
