"""What the model writes, and what becomes of it when it fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_questions import QUESTION, WORDS, barrier, words
from tests.standins.model import Reply, long_text

if TYPE_CHECKING:
    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn


pytestmark = pytest.mark.usefixtures("folder")


def test_the_snippet_stands_verbatim_in_the_passage_that_the_model_read(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    (reply,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    snippet = reply["blocks"][2]["elements"][1]["elements"][0]["text"]
    assert snippet in model.prompt()


@pytest.mark.parametrize(
    ("reply", "shown", "citations"),
    [
        (Reply("Use {braces} and `x[0]` [0] [99] [2]."), "Use {braces} and `x[0]` [2].", 1),
        (Reply("<!channel> look [1] at <@U1>"), "<\u200b!channel> look [1] at <\u200b@U1>", 1),
        (Reply("No marks here."), "No marks here.", 5),
    ],
    ids=["false marks", "pings", "no marks"],
)
def test_what_the_model_writes_is_cleaned(  # noqa: PLR0913 - a row of the table and three fixtures
    slack: SlackStandIn, model: ModelStandIn, channel: str, *, reply: Reply, shown: str, citations: int
) -> None:
    model.play(reply)
    (message,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    assert message["blocks"][0]["text"] == shown
    assert sum(block["type"] == "rich_text" for block in message["blocks"]) == citations


def test_an_over_long_answer_is_delivered_whole(slack: SlackStandIn, model: ModelStandIn, channel: str) -> None:
    paragraphs = long_text(400).strip().split("\n\n")
    model.play(Reply("\n\n".join(paragraphs)))
    ts = slack.mention(channel, QUESTION)
    replies = slack.wait_for_replies(channel, ts, count=3)
    text = "\n\n".join(b["text"] for reply in replies for b in reply["blocks"] if b["type"] == "markdown")
    assert text.split("\n\n") == paragraphs


def test_an_answer_that_the_docs_do_not_hold_names_the_nearest_pages(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    model.play(Reply("NOT_IN_DOCS\nThe passages say nothing of tape."))
    (reply,) = slack.wait_for_replies(channel, slack.mention(channel, "When will Milvus store data on tape?"))
    answer, title, *pages, _, _ = reply["blocks"]
    assert answer["text"] == "The passages say nothing of tape."
    assert title["elements"][0]["text"] == "The nearest pages"
    assert len(pages) == 3


def test_an_answer_as_long_as_answers_may_be_says_that_it_was_cut(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    model.play(Reply("Data is flushed [1], and", finish_reason="length"))
    (message,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    assert message["blocks"][0]["text"] == "Data is flushed [1], and"
    assert message["blocks"][1]["elements"][0]["text"] == WORDS.notice_model_cut_short


@pytest.mark.parametrize(
    ("reply", "notice"),
    [
        (Reply(""), WORDS.notice_model_fails),
        (Reply(status=401), WORDS.notice_model_refuses),
        (Reply(status=404), WORDS.notice_model_fails),
        (Reply(status=429), WORDS.notice_model_overloaded),
        (Reply(status=500), WORDS.notice_model_fails),
        (Reply("Half an answer", break_off=True), WORDS.notice_model_broke_off),
        (Reply(raw="data: {not json\n\n"), WORDS.notice_model_fails),
    ],
    ids=["empty", "401", "404", "429", "500", "breaks off", "nonsense"],
)
def test_a_model_that_fails_is_replaced_by_the_passages(
    slack: SlackStandIn, model: ModelStandIn, channel: str, *, reply: Reply, notice: str
) -> None:
    barrier(slack)  # an answer of the model's between two failures: three in a row would have it left alone
    model.play(reply)
    (message,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    assert message["blocks"][0]["text"].startswith("> **Milvus starter FAQ > ")
    assert message["blocks"][1]["elements"][0]["text"] == notice
    assert sum(block["type"] == "rich_text" for block in message["blocks"]) == 3
    assert "secret detail" not in words(message)


def test_a_question_in_another_language_is_searched_in_english_and_answered_in_its_own(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    model.play(Reply("How does Milvus flush inserted data?"), Reply("Durch den Message Store [1]."))
    (reply,) = slack.wait_for_replies(channel, slack.mention(channel, "Wann sind eingefügte Daten auf der Platte?"))
    assert reply["blocks"][0]["text"] == "Durch den Message Store [1]."
    assert "auf der Platte?" in model.prompt(-2)
    assert "What happens to inserted data until it is flushed?" in model.prompt()
    assert "<question>\nWann sind eingefügte Daten auf der Platte?\n</question>" in model.prompt()


def test_while_the_model_reasons_the_status_says_that_it_thinks(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    gate = asyncio.Event()
    model.play(Reply("<think> Let me see. </think> It is kept in object storage [1].", gate=gate, pause_after=3))
    ts = slack.mention(channel, QUESTION)
    slack.wait_for(lambda: "is thinking" in str(slack.calls_of("assistant.threads.setStatus")[-1:]), "the status")
    model.open_gate(gate)
    (reply,) = slack.wait_for_replies(channel, ts)
    assert reply["blocks"][0]["text"] == "It is kept in object storage [1]."
