"""Limits: who asks too much, where the bot may not post, and in which language that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.slack.errors import refusal_of
from bot.text.wording import LANGUAGES, wording
from tests.e2e.bot_process import log_of
from tests.standins.model import DEFAULT_REPLY, Reply
from tests.standins.slack import ASKER, Failure, SlackStandIn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn

pytestmark = pytest.mark.usefixtures("folder")

WORDS = wording()
QUESTION = "How is data stored in milvus?"


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    return {"QUESTIONS_PER_USER": "3", "QUESTIONS_PER_CHANNEL": "4"}


def person(slack: SlackStandIn, user: str, locale: str = "en-US") -> str:
    """Let someone new be known to the workspace."""
    slack.people[user] = {"team_id": "T0TEAM", "locale": locale}
    return user


def test_who_asks_too_fast_is_told_so_alone_and_others_are_answered(slack: SlackStandIn, channel: str) -> None:
    hasty, other = person(slack, "U0HASTY"), person(slack, "U0OTHER")
    stamps = [slack.mention(channel, QUESTION, user=hasty) for _ in range(3)]
    for ts in stamps:
        slack.wait_for_replies(channel, ts)
    told = len(slack.private)
    fourth = slack.mention(channel, QUESTION, user=hasty)
    slack.wait_for(lambda: len(slack.private) > told, "a word to the hasty one")
    assert (slack.private[-1]["user"], slack.private[-1]["text"]) == (hasty, WORDS.too_many_of_yours.format(most=3))
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION, user=other))
    fifth = slack.mention(channel, QUESTION, user=other)
    slack.wait_for(lambda: len(slack.private) > told + 1, "a word to who is one too many here")
    assert slack.private[-1]["text"] == WORDS.too_many_here.format(most=4)
    assert slack.replies(channel, fourth) == slack.replies(channel, fifth) == []


@pytest.mark.parametrize(
    "code", ["is_archived", "restricted_action", "not_in_channel", "channel_not_found", "missing_scope"]
)
def test_where_the_bot_may_not_post_the_asker_is_told_directly_and_the_log_says_what_to_do(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path, code: str
) -> None:
    asker = person(slack, f"U0{code.replace('_', '').upper()}")
    model.play(Reply(status=404))  # the passages: posted whole
    slack.fail("chat.postMessage", Failure(code, needed="chat:write" if code == "missing_scope" else None))
    slack.mention(channel, QUESTION, user=asker)
    (told,) = slack.wait_for(lambda: slack.channels[slack.direct(asker)].messages, "a word to the asker")
    refusal = refusal_of(code)
    assert refusal
    reason = WORDS.refusal(refusal.kind, code=code, bot_name="milvusfaq")
    assert told["text"] == WORDS.can_not_post.format(channel=f"<#{channel}>", reason=reason)
    assert f"No answer can be posted in {channel}: {code}" in log_of(folder)
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION, user=person(slack, f"{asker}2")))
    assert "Traceback" not in log_of(folder)


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("en-GB", "en"),
        ("zh-CN", "zh"),
        ("ja-JP", "ja"),
        ("de-DE", "de"),
        ("fr-FR", "fr"),
        ("es-LA", "es"),
        ("pt-BR", "pt"),
        ("ar-AE", "ar"),
        ("nl-NL", "en"),
    ],
)
def test_the_bots_own_words_are_in_the_askers_language(
    slack: SlackStandIn, channel: str, locale: str, language: str
) -> None:
    asker, words = person(slack, f"U0{locale.replace('-', '').upper()}", locale), wording(language)
    ts = slack.mention(channel, QUESTION, user=asker)
    (reply,) = slack.wait_for_replies(channel, ts)
    text, sources, _, thumbs, actions = reply["blocks"]
    assert text["text"] == DEFAULT_REPLY
    assert sources["elements"][0]["text"] == words.sources
    assert thumbs["elements"][0]["positive_button"]["text"]["text"] == words.liked
    assert [button["text"]["text"] for button in actions["elements"]] == [
        words.again_longer,
        words.again_shorter,
        words.again_anew,
        words.mute,
    ]
    statuses = [s["status"] for s in slack.calls_of("assistant.threads.setStatus") if s["thread_ts"] == ts]
    assert statuses[0] == words.searching
    assert language in LANGUAGES
    assert asker != ASKER
