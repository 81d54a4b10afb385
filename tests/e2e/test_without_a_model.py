"""A bot without a language model: it quotes the passages, and whatever else it does it does all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.bot_process import log_of
from tests.standins.slack import Failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.slack import SlackStandIn


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    return {"LEPTONAI_TOKEN": ""}


@pytest.mark.usefixtures("folder")
def test_without_a_key_the_passages_are_quoted(slack: SlackStandIn) -> None:
    channel = slack.join("C0NOKEY")
    (reply,) = slack.wait_for_replies(channel, slack.mention(channel, "How is data stored in milvus?"))
    assert reply["blocks"][0]["text"].startswith("> **Milvus starter FAQ > Where does Milvus keep")
    notice = "No language model is set up, so these are the passages themselves."
    assert reply["blocks"][1]["elements"][0]["text"] == notice


def test_a_question_that_fails_gets_an_apology_and_the_log_the_reason(slack: SlackStandIn, folder: Path) -> None:
    channel = slack.join("C0FAIL")
    slack.fail("chat.postMessage", Failure("as_user_not_supported"))
    ts = slack.mention(channel, "How is data stored in milvus?")
    (reply,) = slack.wait_for_replies(channel, ts)
    assert reply["blocks"][0]["text"].startswith("Sorry, I could not answer this")
    assert "as_user_not_supported" not in str(reply)
    log = log_of(folder)
    assert "as_user_not_supported" in log
    assert "Traceback" in log
    assert "What is a segment?" not in log


@pytest.mark.usefixtures("folder")
def test_no_event_is_lost_while_slack_can_not_tell_who_the_bot_is(slack: SlackStandIn) -> None:
    channel = slack.join("C0WHO")
    for _ in range(3):
        slack.fail("auth.test", Failure(status=500))
    slack.wait_for_replies(channel, slack.mention(channel, "How is data stored in milvus?"))
    slack.recover("auth.test")
