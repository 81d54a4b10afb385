"""Support channels and threads: what is answered without a mention, by each policy."""

from __future__ import annotations

import pytest

from bot.domain import Ignored, SlackQuestion
from bot.listeners.parsing import MessageParser
from tests.bot.listeners.test_parsing import EVENT
from tests.builders import BOT

PARSER = MessageParser(bot=BOT, support_channels={"C2": "questions", "C3": "all", "C4": "mentions"})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": "why?"}, "not addressed"),
        ({"text": "ask <@U2>, why?", "channel": "C2", "thread_ts": "1.0"}, "addressed to someone else"),
        ({"text": "<!subteam^S1|@oncall> why?", "thread_ts": "1.0"}, "addressed to someone else"),
        ({"text": "<!here> why?", "thread_ts": "1.0"}, "addressed to someone else"),
        ({"text": "thanks a lot", "thread_ts": "1.0"}, "asks nothing"),
        ({"text": "need help with TLS", "thread_ts": "1.0"}, "asks nothing"),
        ({"text": ":wave: !", "channel": "C2"}, "asks nothing"),
        ({"text": "...", "channel": "C2"}, "asks nothing"),
        ({"text": "<@U2> why?", "channel": "C2"}, "addressed to someone else"),
        ({"text": "good morning", "channel": "C2"}, "asks nothing"),
        ({"text": "", "channel": "C3"}, "asks nothing"),
        ({"text": "<@U2> why?", "channel": "C3"}, "addressed to someone else"),
        ({"text": "why?", "channel": "C4"}, "only mentions are answered here"),
        ({"text": "why?", "channel": "C4", "thread_ts": "1.0"}, "only mentions are answered here"),
    ],
)
def test_what_is_not_for_the_bot_is_ignored(changes: dict[str, object], reason: str) -> None:
    read = PARSER.parse({**EVENT, **changes})
    assert read == Ignored(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        ({"text": "why?", "channel": "C2"}, "support"),
        ({"text": "need help with TLS", "channel": "C2"}, "support"),
        ({"text": "why? ask <@U2> if you must", "channel": "C2"}, "support"),
        ({"text": "good morning", "channel": "C3"}, "support"),
        ({"text": "why?", "thread_ts": "1.0"}, "follow-up"),
        ({"text": "why?", "channel": "C3", "thread_ts": "1.0"}, "follow-up"),
        ({"text": "<@U0BOT> why?", "channel": "C4"}, "mention"),
    ],
)
def test_what_is_for_the_bot_is_a_question(changes: dict[str, object], origin: str) -> None:
    read = PARSER.parse({**EVENT, **changes})
    assert isinstance(read, SlackQuestion)
    assert read.origin == origin
    assert read.is_undecided == (changes.get("channel") == "C2")


@pytest.mark.parametrize(
    "text", ["inserts time out since noon", "the release is out", "why? " * 700, "[Bug]: no index"]
)
def test_what_form_leaves_open_is_undecided_at_the_top_of_a_support_channel(text: str) -> None:
    read = PARSER.parse({**EVENT, "text": text, "channel": "C2"})
    assert isinstance(read, SlackQuestion)
    assert read.is_undecided
    in_thread = PARSER.parse({**EVENT, "text": f"{text}?", "channel": "C2", "thread_ts": "1.0"})
    assert isinstance(in_thread, SlackQuestion)
    assert not in_thread.is_undecided
