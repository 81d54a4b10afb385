"""Deleted questions: what becomes of their answers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.e2e.bot_process import log_of
from tests.standins.model import Reply, long_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn

QUESTION = "How is data stored in milvus?"

pytestmark = pytest.mark.usefixtures("folder")


def stored(folder: Path, channel: str) -> list[tuple[str, str | None]]:
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3")) as ledger:
        return ledger.execute("SELECT state, text FROM questions WHERE channel = ?", [channel]).fetchall()


def test_with_the_question_its_answer_goes_and_so_do_the_words(slack: SlackStandIn, channel: str, folder: Path) -> None:
    ts = slack.mention(channel, QUESTION)
    slack.wait_for_replies(channel, ts)
    slack.wait_for(lambda: f"Answered {channel} {ts}" in log_of(folder), "the end of the question")
    slack.delete(channel, ts)
    slack.wait_for(lambda: not slack.replies(channel, ts), "the answer to go")
    assert stored(folder, channel) == [("deleted", None)]


def test_of_a_long_answer_every_part_goes(slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path) -> None:
    model.play(Reply(long_text(300)))
    ts = slack.mention(channel, QUESTION)
    slack.wait_for_replies(channel, ts, count=2)
    slack.wait_for(lambda: f"Answered {channel} {ts}" in log_of(folder), "the end of the question")
    slack.delete(channel, ts)
    slack.wait_for(lambda: not slack.replies(channel, ts), "the answer to go")


def test_an_answer_that_someone_has_replied_to_stays(slack: SlackStandIn, channel: str, folder: Path) -> None:
    ts = slack.mention(channel, QUESTION)
    slack.wait_for_replies(channel, ts)
    slack.say(channel, "That helped me too.", thread_ts=ts, user="U0OTHER")
    slack.delete(channel, ts)
    slack.wait_for(lambda: f"The answer to the deleted {channel} {ts} stays" in log_of(folder), "the decision")
    assert len(slack.replies(channel, ts)) == 1


def test_a_question_that_goes_while_it_is_answered_gets_no_answer(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    asked = len(model.requests)
    model.play(Reply("Words that nobody waits for. " * 5, words_per_s=5))
    ts = slack.mention(channel, QUESTION)
    model.wait_for(lambda: len(model.requests) > asked, "the model to be asked")
    slack.delete(channel, ts)
    slack.wait_for(lambda: f"Retracted the answer to the deleted {channel} {ts}" in log_of(folder), "the end")
    assert slack.replies(channel, ts) == []
    assert stored(folder, channel) == [("deleted", None)]


def test_another_message_that_goes_is_no_business_of_the_bots(slack: SlackStandIn, channel: str) -> None:
    ts = slack.mention(channel, QUESTION)
    slack.wait_for_replies(channel, ts)
    remark = slack.say(channel, "never mind", thread_ts=ts)
    slack.delete(channel, remark)
    later = slack.mention(channel, QUESTION)
    slack.wait_for_replies(channel, later)
    assert len(slack.replies(channel, ts)) == 1
