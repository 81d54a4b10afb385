"""Whole messages: what a person sees beside a question's words, and what the bot says that it could not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.text.wording import wording
from tests.standins.model import DEFAULT_REPLY
from tests.standins.slack import ASKER, Failure, SlackStandIn

if TYPE_CHECKING:
    from tests.standins.model import ModelStandIn
    from tests.standins.slack import Json

pytestmark = pytest.mark.usefixtures("folder")

WORDS = wording()
SUPPORT, FORM = "C0FORMS", "A0FORM"
QUESTION = "How is data stored in milvus?"
LOG = "\n".join([*(f"line {number} all is well" for number in range(600)), "panic: etcd database space exceeded"])


@pytest.fixture(scope="module")
def more_settings(slack: SlackStandIn) -> dict[str, str]:
    slack.scopes.add("files:read")
    return {"SUPPORT_CHANNELS": slack.join(SUPPORT), "ANSWER_APPS": FORM}


def small_print_of(reply: Json) -> str:
    return str([block["elements"] for block in reply["blocks"] if block["type"] == "context"])


def test_what_is_forwarded_and_a_snippet_are_part_of_the_question(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    forwarded = {"is_share": True, "author_name": "nora", "text": "the compaction queue holds 4,000 plans"}
    snippet = slack.attach("node.log", "disk quota exceeded", preview="disk quota exceeded")
    ts = slack.mention(channel, "what is wrong here?", attachments=[forwarded], files=[snippet])
    (reply,) = slack.wait_for_replies(channel, ts)
    question = model.prompt().rpartition("<question>")[2]
    assert "what is wrong here?\n\nnora wrote:\nthe compaction queue holds 4,000 plans" in question
    assert "node.log:\ndisk quota exceeded" in question
    assert "node.log" not in small_print_of(reply)


def test_what_can_not_be_read_is_told_below_the_answer(slack: SlackStandIn, channel: str) -> None:
    picture = slack.attach("error.png", "", mimetype="image/png")
    log = slack.attach("node.log", LOG, preview="line 0 all is well")
    del slack.files[log["id"]]
    (reply,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION, files=[picture, log]))
    assert DEFAULT_REPLY in reply["text"]
    assert WORDS.file_unread.format(files="error.png") in small_print_of(reply)
    assert WORDS.file_begun.format(files="node.log") in small_print_of(reply)


def test_a_picture_alone_is_answered_by_what_to_do(slack: SlackStandIn, channel: str) -> None:
    ts = slack.mention(channel, "", files=[slack.attach("error.png", "", mimetype="image/png")])
    (reply,) = slack.wait_for_replies(channel, ts)
    assert reply["text"] == WORDS.file_unread.format(files="error.png")


def test_an_alert_that_began_the_thread_is_material(slack: SlackStandIn, model: ModelStandIn, channel: str) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "Flush is slow: C=184"}}]
    grafana = {"user": None, "subtype": "bot_message", "username": "Grafana", "bot_id": "B1"}
    alert = slack.say(channel, "Alert", **grafana, blocks=blocks)
    slack.say(channel, "deployed 2.5.2", user="U0DEPLOY", bot_id="B2", thread_ts=alert)
    slack.mention(channel, "what does it mean?", thread_ts=alert)
    slack.wait_for_replies(channel, alert)
    assert '<turn by="user">Grafana:\nFlush is slow: C=184</turn>' in model.prompt()
    assert "deployed 2.5.2" not in model.prompt()


def test_another_apps_post_is_no_answer_of_ours_whatever_its_metadata_says(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    first = slack.mention(channel, "What is a segment?")
    slack.wait_for_replies(channel, first)
    copied = {"event_type": "milvusfaq_answer", "event_payload": {"question": first, "part": 0}}
    slack.say(channel, "a copy", user="U0OTHER", bot_id="B9", app_id="A9", metadata=copied, thread_ts=first)
    slack.mention(channel, "and how large is it?", thread_ts=first)
    slack.wait_for_replies(channel, first, count=2)
    assert "a copy" not in model.prompt()


def test_a_form_that_may_ask_is_answered_in_its_thread(slack: SlackStandIn, model: ModelStandIn) -> None:
    form = {"user": None, "subtype": "bot_message", "bot_id": "B0FORM", "app_id": FORM}
    ts = slack.say(SUPPORT, f"*Who:* <@{ASKER}>\n*What:* inserts are rejected with quota exceeded", **form)
    slack.wait_for_replies(SUPPORT, ts)
    assert "inserts are rejected with quota exceeded" in model.prompt()
    nobody = slack.say(SUPPORT, "inserts are rejected with quota exceeded", **form)
    (reply,) = slack.wait_for_replies(SUPPORT, nobody)
    assert "streamed" not in reply  # a stream is for someone it names


def test_an_app_that_may_not_ask_is_not_heard(slack: SlackStandIn) -> None:
    ts = slack.say(SUPPORT, QUESTION, user="U0OTHER", bot_id="B9", app_id="A9")
    slack.wait_for_replies(SUPPORT, slack.say(SUPPORT, QUESTION))
    assert slack.replies(SUPPORT, ts) == []


def test_a_person_who_posts_through_an_app_is_heard(slack: SlackStandIn) -> None:
    slack.wait_for_replies(SUPPORT, slack.say(SUPPORT, QUESTION, bot_id="B9", app_id="A9"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [("missing_scope", WORDS.refused_scope), ("thread_not_found", WORDS.unread_otherwise)],
)
def test_a_thread_that_can_not_be_read_is_told_below_the_answer(
    slack: SlackStandIn, channel: str, code: str, reason: str
) -> None:
    first = slack.say(channel, "hello all")
    slack.fail("conversations.replies", Failure(error=code))
    slack.mention(channel, QUESTION, thread_ts=first)
    (reply,) = slack.wait_for_replies(channel, first)
    assert WORDS.thread_unread.format(reason=reason.format(code=code)) in small_print_of(reply)


def test_a_text_file_is_read_to_its_end(slack: SlackStandIn, model: ModelStandIn, channel: str) -> None:
    log = slack.attach("node.log", LOG, preview="line 0 all is well")
    (reply,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION, files=[log]))
    assert "panic: etcd database space exceeded" in model.prompt()
    assert "node.log" not in small_print_of(reply)


def test_of_another_workspaces_file_slack_is_asked(slack: SlackStandIn, model: ModelStandIn, channel: str) -> None:
    file = slack.attach("their.log", "quota exceeded")
    stub = {"id": file["id"], "mode": "file_access", "file_access": "check_file_info", "created": 0}
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION, files=[stub]))
    assert "their.log:\nquota exceeded" in model.prompt()
