"""Hearing: posts in a support channel that turn to nobody, and who wants a person instead of the bot."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.text.wording import wording
from tests.standins.model import DEFAULT_REPLY, Reply
from tests.standins.slack import ASKER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn

pytestmark = pytest.mark.usefixtures("folder")

WORDS = wording()
SUPPORT, OTHER = "C0HEARING", "C0HEARING2"
REMARK = "deployed the new dashboard to staging, all green"
UNCLEAR = "half of our inserts went through after the patch"
LOG = "```\n" + "\n".join(f"I0303 13:{n % 60:02}:01 datanode-{n} sync done" for n in range(120))


@pytest.fixture(scope="module")
def more_settings(slack: SlackStandIn) -> dict[str, str]:
    return {"SUPPORT_CHANNELS": f"{slack.join(SUPPORT)},{slack.join(OTHER)}", "ESCALATION_GROUP": "S0ONCALL"}


def row(folder: Path, ts: str) -> tuple[str, str | None] | None:
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3")) as ledger:
        found = ledger.execute("SELECT state, text FROM questions WHERE ts = ?", [ts]).fetchone()
        return found and tuple(found)


def test_a_remark_leaves_nothing_and_nobody_sees_a_status(slack: SlackStandIn, folder: Path) -> None:
    ts = slack.say(SUPPORT, REMARK)
    slack.wait_for(lambda: (row(folder, ts) or ("",))[0] == "not_heard", "the end of the remark")
    assert row(folder, ts) == ("not_heard", None)
    assert slack.replies(SUPPORT, ts) == []
    assert [call for call in slack.calls_of("assistant.threads.setStatus") if call["thread_ts"] == ts] == []


def test_trouble_is_heard_without_a_question_mark(slack: SlackStandIn) -> None:
    ts = slack.say(SUPPORT, "since noon my query node is out of memory")
    (reply,) = slack.wait_for_replies(SUPPORT, ts)
    assert DEFAULT_REPLY in reply["text"]


def test_where_it_is_unclear_the_model_is_asked_for_a_word(
    slack: SlackStandIn, model: ModelStandIn, folder: Path
) -> None:
    model.play(Reply("NOTHING"))
    ts = slack.say(SUPPORT, UNCLEAR)
    slack.wait_for(lambda: (row(folder, ts) or ("",))[0] == "not_heard", "the model's word")
    assert UNCLEAR in model.prompt()


def test_who_wants_a_person_in_words_gets_one(slack: SlackStandIn, channel: str) -> None:
    said = "I'd rather talk to a human, can someone from support join?"
    for place, ts in ((SUPPORT, slack.say(SUPPORT, said)), (channel, slack.mention(channel, "please get me a human"))):
        (called,) = slack.wait_for_replies(place, ts)
        assert "<!subteam^S0ONCALL>" in called["text"]
        assert f"<@{ASKER}>" in called["text"]


def test_a_long_post_is_answered_and_told_what_was_read(slack: SlackStandIn, model: ModelStandIn) -> None:
    text = f"My query node runs out of memory.\n{LOG}\nE0303 14:00:00 load failed: OOM\n```\nWhat can I do about it?"
    ts = slack.say(SUPPORT, text)
    (reply,) = slack.wait_for_replies(SUPPORT, ts)
    assert WORDS.notice_shortened in str(reply["blocks"])
    question = model.prompt().rpartition("<question>")[2]
    assert "load failed: OOM" in question
    assert "What can I do about it?" in question
    assert "sync done" not in question


def test_what_the_docs_lack_is_told_to_the_asker_alone_where_nobody_has_asked_the_bot(slack: SlackStandIn) -> None:
    told = len(slack.private)
    ts = slack.say(OTHER, "Is Milvus faster than Weaviate?")  # below a long log it would be the rest of that
    (shown,) = slack.wait_for(lambda: slack.private[told:], "a word to the asker")
    assert (shown["channel"], shown["user"]) == (OTHER, ASKER)
    assert WORDS.off_topic_comparison in str(shown["blocks"])
    assert WORDS.ask_a_person in str(shown["blocks"])
    assert slack.replies(OTHER, ts) == []
    (reply,) = slack.wait_for_replies(OTHER, slack.mention(OTHER, "Is Milvus faster than Weaviate?"))
    assert WORDS.off_topic_comparison in reply["text"]
