"""Escalation: people ask for a person's help, and get it."""

from __future__ import annotations

import html
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.rendering.action_ids import (
    ESCALATE_ACTION,
    ESCALATE_ELSEWHERE_ACTION,
    MUTE_ACTION,
    REGENERATE_ACTIONS,
    RESOLVE_ACTION,
)
from bot.text.wording import wording
from tests.standins.model import Reply
from tests.standins.slack import ASKER, TEAM, Failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import Json, SlackStandIn

WORDS = wording()
QUESTION = "How is data stored in milvus?"
HELPER, COLLEAGUE, ON_CALL = "U0HELPER", "U0COLLEAGUE", "C0ONCALL"

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    return {"ESCALATION_GROUP": f"S0ONCALL,{HELPER}", "ESCALATION_CHANNEL": ON_CALL}


def press(slack: SlackStandIn, channel: str, message: Json, action: str, *, user: str = ASKER) -> None:
    (buttons,) = (block["elements"] for block in message["blocks"] if block["type"] == "actions")
    (button,) = (button for button in buttons if button["action_id"] == action)
    slack.wait_for_ack(slack.press(channel, message, action, button["value"], user=user))


def words(block: Json) -> str:
    """Return what a rich text block says, people by their ids."""
    elements = block["elements"][0]["elements"]
    return "".join(e.get("text") or e.get("user_id") or e.get("usergroup_id") or "" for e in elements)


def rows(folder: Path, ts: str) -> list[tuple[str, str | None]]:
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3")) as ledger:
        return ledger.execute(
            'SELECT e."user", taken_by FROM escalations e JOIN questions q ON q.id = question_id WHERE ts = ?', [ts]
        ).fetchall()


def test_a_press_calls_people_once_with_what_is_known_and_resolved_closes_it(
    slack: SlackStandIn, channel: str, folder: Path
) -> None:
    ts = slack.mention(channel, f"{QUESTION} <!channel>")
    (answer,) = slack.wait_for_replies(channel, ts)
    press(slack, channel, answer, ESCALATE_ACTION)
    _, called = slack.wait_for_replies(channel, ts, count=2)
    said = (
        f" asks for a person's help with: {QUESTION} @channel\n"
        "I have answered from these pages of the docs, which may not be enough: "
        "Milvus starter FAQ > Where does Milvus keep the data that I insert?."
    )
    assert words(called["blocks"][0]) == f"S0ONCALL{HELPER} {ASKER}{said}"
    assert html.unescape(called["text"]) == f"<!subteam^S0ONCALL> <@{HELPER}> <@{ASKER}>{said}"
    told = len(slack.private)
    slack.people[COLLEAGUE] = {"team_id": TEAM}
    press(slack, channel, answer, ESCALATE_ACTION, user=COLLEAGUE)
    slack.wait_for(lambda: len(slack.private) > told, "a word to the second one")
    assert (slack.private[-1]["user"], slack.private[-1]["text"]) == (COLLEAGUE, WORDS.asked_a_person_before)
    press(slack, channel, called, RESOLVE_ACTION, user=HELPER)
    slack.wait_for(lambda: called["blocks"][-1]["type"] == "rich_text", "the end of the escalation")
    assert words(called["blocks"][-1]) == f"Resolved by {HELPER}"
    assert rows(folder, ts) == [(ASKER, HELPER)]
    assert len(slack.replies(channel, ts)) == 2


def test_below_an_abstention_it_names_the_nearest_pages(slack: SlackStandIn, model: ModelStandIn, channel: str) -> None:
    model.play(Reply("NOT_IN_DOCS\nThe passages say nothing of tape."))
    ts = slack.mention(channel, "When will Milvus store data on tape?")
    (answer,) = slack.wait_for_replies(channel, ts)
    press(slack, channel, answer, ESCALATE_ACTION)
    _, called = slack.wait_for_replies(channel, ts, count=2)
    assert "The docs do not hold it; the nearest pages are: Milvus starter FAQ > " in words(called["blocks"][0])


def test_in_the_same_thread_another_answers_button_calls_nobody_again(slack: SlackStandIn, channel: str) -> None:
    ts = slack.mention(channel, QUESTION)
    slack.wait_for_replies(channel, ts)
    slack.mention(channel, "And how is an index built?", thread_ts=ts)
    first, second = slack.wait_for_replies(channel, ts, count=2)
    press(slack, channel, second, ESCALATE_ACTION)
    slack.wait_for_replies(channel, ts, count=3)
    told = len(slack.private)
    press(slack, channel, first, ESCALATE_ACTION)
    slack.wait_for(lambda: len(slack.private) > told, "a word to who pressed")
    assert len(slack.replies(channel, ts)) == 3


def test_when_nobody_could_be_called_the_button_works_again(slack: SlackStandIn, channel: str, folder: Path) -> None:
    ts = slack.mention(channel, QUESTION)
    (answer,) = slack.wait_for_replies(channel, ts)
    slack.fail("chat.postMessage", Failure(status=500))
    told = len(slack.private)
    press(slack, channel, answer, ESCALATE_ACTION)
    slack.wait_for(lambda: len(slack.private) > told, "a word to who pressed")
    assert slack.private[-1]["text"] == WORDS.can_not_ask_a_person
    slack.wait_for(lambda: rows(folder, ts) == [], "the note to be withdrawn")
    press(slack, channel, answer, ESCALATE_ACTION)
    slack.wait_for_replies(channel, ts, count=2)


def test_what_the_group_was_asked_is_no_turn_of_the_conversation(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    ts = slack.mention(channel, QUESTION)
    (answer,) = slack.wait_for_replies(channel, ts)
    press(slack, channel, answer, ESCALATE_ACTION)
    slack.wait_for_replies(channel, ts, count=2)
    slack.say(channel, "And how is an index of it built?", thread_ts=ts)
    slack.wait_for_replies(channel, ts, count=3)
    assert "asks for a person" not in model.prompt()


def test_the_mute_button_stands_beside_it(slack: SlackStandIn, channel: str) -> None:
    (answer,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    (buttons,) = (block["elements"] for block in answer["blocks"] if block["type"] == "actions")
    assert [button["action_id"] for button in buttons] == [*REGENERATE_ACTIONS, ESCALATE_ACTION, MUTE_ACTION]


def test_from_a_direct_message_people_are_called_into_their_channel_and_the_asker_is_told_where(
    slack: SlackStandIn, direct: str, folder: Path
) -> None:
    slack.join(ON_CALL)
    ts = slack.say(direct, QUESTION)
    (answer,) = slack.wait_for_replies(direct, ts)
    (button,) = (e for b in answer["blocks"] if b["type"] == "actions" for e in b["elements"] if "confirm" in e)
    assert button["confirm"]["text"]["text"] == WORDS.asks_openly
    press(slack, direct, answer, ESCALATE_ELSEWHERE_ACTION)
    _, told = slack.wait_for_replies(direct, ts, count=2)
    (called,) = slack.channels[ON_CALL].messages
    link = f"https://stand-in.slack.com/archives/{ON_CALL}/p{called['ts'].replace('.', '')}"
    assert told["blocks"][0]["text"] == WORDS.asked_elsewhere.format(link=link)
    assert words(called["blocks"][0]).startswith(
        f"S0ONCALL{HELPER} {ASKER} asks for a person's help with: {QUESTION}\n"
    )
    press(slack, ON_CALL, called, RESOLVE_ACTION, user=HELPER)
    slack.wait_for(lambda: called["blocks"][-1]["type"] == "rich_text", "the end of the escalation")
    assert rows(folder, ts) == [(ASKER, HELPER)]


def test_below_an_answer_that_only_the_asker_sees_it_works_wherever_the_bot_may_not_post(slack: SlackStandIn) -> None:
    away, told = slack.join("C0AWAY", has_bot=False), len(slack.private)
    slack.join(ON_CALL)
    slack.wait_for_ack(slack.command(away, QUESTION))
    (answer,) = slack.wait_for(lambda: slack.private[told:], "the private answer")
    press(slack, away, answer, ESCALATE_ELSEWHERE_ACTION)
    (_, where) = slack.wait_for(lambda: slack.private[told:] if len(slack.private) > told + 1 else [], "the place")
    (called,) = slack.channels[ON_CALL].messages
    assert called["ts"].replace(".", "") in str(where["blocks"])
    press(slack, away, answer, ESCALATE_ELSEWHERE_ACTION)
    slack.wait_for(lambda: WORDS.asked_a_person_before in str(slack.private[-1]), "a word on the second press")
    assert slack.channels[ON_CALL].messages == [called]
