"""Revisions: an edit, or another answer that is asked for, takes the old answer's place."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.rendering.action_ids import FEEDBACK_ACTION, REGENERATE_ACTIONS
from bot.text.wording import wording
from tests.e2e.bot_process import environment, log_of, running_bot, settings_for
from tests.standins.model import DEFAULT_REPLY, Reply, long_text
from tests.standins.slack import BOT_USER, Failure, SlackStandIn, is_growing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import Json

WORDS = wording()
pytestmark = pytest.mark.usefixtures("folder")

QUESTION = "How is data stored in milvus?"
OTHER_QUESTION = "How is an index built in milvus?"
LONGER, SHORTER, ANEW = REGENERATE_ACTIONS


def answer_of(slack: SlackStandIn, folder: Path, channel: str, ts: str) -> Json:
    """Return the one answer to a question that is done with."""
    slack.wait_for(lambda: f"Answered {channel} {ts}" in log_of(folder), "the end of the question")
    (reply,) = slack.wait_for_replies(channel, ts)
    return reply


def shows(slack: SlackStandIn, channel: str, ts: str, text: str) -> Json:
    """Wait until a thread's one message of the bot shows this; return it."""

    def found() -> Json | None:
        replies = slack.replies(channel, ts)
        if len(replies) != 1 or is_growing(replies[0]):
            return None
        return replies[0] if replies[0]["blocks"][0]["text"] == text else None

    reply = slack.wait_for(found, f"{text!r} alone")
    assert reply
    return reply


def press(slack: SlackStandIn, channel: str, message: Json, action: str) -> None:
    buttons = [e for block in message["blocks"] if block["type"] == "actions" for e in block["elements"]]
    (value,) = [button["value"] for button in buttons if button["action_id"] == action]
    slack.wait_for_ack(slack.press(channel, message, action, value))


def actions(message: Json) -> list[str]:
    return [e["action_id"] for block in message["blocks"] if block["type"] == "actions" for e in block["elements"]]


def test_an_edited_question_is_answered_again_in_place_and_marked_so(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    ts = slack.mention(channel, QUESTION)
    before = answer_of(slack, folder, channel, ts)["ts"]
    model.play(Reply("An index is built by index nodes [1]."))
    slack.edit(channel, ts, f"<@{BOT_USER}> {OTHER_QUESTION}")
    reply = shows(slack, channel, ts, "An index is built by index nodes [1].")
    assert reply["ts"] == before
    assert reply["blocks"][1]["elements"][0]["text"] == WORDS.edited
    assert model.prompt().endswith(f"<question>\n{OTHER_QUESTION}\n</question>")


def test_an_edit_while_the_answer_is_written_ends_that_and_answers_the_new_words(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    model.play(Reply("Old words " * 5, stall=True), Reply("New words [1]."))
    ts = slack.mention(channel, QUESTION)
    (growing,) = slack.wait_for(lambda: slack.replies(channel, ts), "the first words")
    slack.edit(channel, ts, f"<@{BOT_USER}> {OTHER_QUESTION}")
    slack.wait_for(lambda: "was edited" in log_of(folder), "the edit")
    reply = shows(slack, channel, ts, "New words [1].")
    assert reply["ts"] == growing["ts"]


def test_a_shorter_answer_to_the_edited_question_leaves_nothing_of_the_longer_one(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    model.play(Reply(long_text(300)), Reply("An index is built by index nodes [1]."))
    ts = slack.mention(channel, QUESTION)
    slack.wait_for(lambda: f"Answered {channel} {ts}" in log_of(folder), "the end of the question")
    assert len(slack.replies(channel, ts)) == 2
    slack.edit(channel, ts, f"<@{BOT_USER}> {OTHER_QUESTION}")
    shows(slack, channel, ts, "An index is built by index nodes [1].")


def test_an_edit_that_slack_delivers_again_or_that_changes_no_words_is_no_edit(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    ts = slack.mention(channel, QUESTION)
    answer_of(slack, folder, channel, ts)
    model.play(Reply("New words [1]."))
    edit = slack.edit(channel, ts, f"<@{BOT_USER}> {OTHER_QUESTION}")
    shows(slack, channel, ts, "New words [1].")
    asked = len(model.requests)
    slack.wait_for_ack(slack.redeliver(edit))
    slack.wait_for_ack(slack.edit(channel, ts, f"<@{BOT_USER}> {OTHER_QUESTION}"))
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    assert len(model.requests) == asked + 1


def test_a_message_that_becomes_a_question_by_an_edit_is_answered(slack: SlackStandIn, channel: str) -> None:
    ts = slack.say(channel, QUESTION)
    slack.edit(channel, ts, f"<@{BOT_USER}> {QUESTION}")
    shows(slack, channel, ts, DEFAULT_REPLY)


def test_another_answer_takes_the_place_of_the_one_it_is_asked_for(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    ts = slack.mention(channel, QUESTION)
    reply = answer_of(slack, folder, channel, ts)
    assert actions(reply)[:3] == list(REGENERATE_ACTIONS)
    model.play(Reply("Short [1]."), Reply("Long, with all that there is [1]."), Reply("Other words [1]."))
    press(slack, channel, reply, SHORTER)
    short = shows(slack, channel, ts, "Short [1].")
    assert short["blocks"][1]["elements"][0]["text"] == "Answered shorter."
    assert f"<answer>\n{DEFAULT_REPLY}" in model.prompt()
    press(slack, channel, short, LONGER)
    long = shows(slack, channel, ts, "Long, with all that there is [1].")
    assert model.prompt().count("<passage ") == 10
    press(slack, channel, long, ANEW)
    shows(slack, channel, ts, "Other words [1].")


def test_only_the_latest_answer_of_a_thread_has_these_buttons(slack: SlackStandIn, channel: str, folder: Path) -> None:
    ts = slack.mention(channel, QUESTION)
    first = answer_of(slack, folder, channel, ts)
    before = json.loads(json.dumps(first))
    slack.say(channel, OTHER_QUESTION, thread_ts=ts)
    _, second = slack.wait_for_replies(channel, ts, count=2)
    slack.wait_for(lambda: LONGER not in actions(first), "the first one's buttons to go")
    assert LONGER in actions(second)
    assert first["blocks"][0]["text"] == before["blocks"][0]["text"]
    slack.edit(channel, ts, f"<@{BOT_USER}> {QUESTION} And why?")
    slack.wait_for(lambda: WORDS.edited in str(first["blocks"]), "the new answer to the first question")
    assert LONGER not in actions(first)
    told = len(slack.private)
    press(slack, channel, before, SHORTER)  # on a screen that was not redrawn
    slack.wait_for(lambda: len(slack.private) > told, "a word to who pressed")
    assert slack.private[-1]["text"] == WORDS.not_the_latest


def test_who_may_not_ask_may_not_ask_again(slack: SlackStandIn, channel: str, folder: Path) -> None:
    slack.people["U0GUEST"] = {"team_id": "T0TEAM", "is_restricted": True}
    ts = slack.mention(channel, QUESTION)
    reply = answer_of(slack, folder, channel, ts)
    told = len(slack.private)
    slack.press(channel, reply, SHORTER, ts, user="U0GUEST")
    slack.wait_for(lambda: len(slack.private) > told, "a word to the guest")
    assert slack.private[-1]["text"] == WORDS.not_guests


def test_who_may_not_ask_any_more_keeps_the_answer_that_was_given(model: ModelStandIn, tmp_path: Path) -> None:
    with SlackStandIn() as other, closing(sqlite3.connect(tmp_path / "milvus.ledger.sqlite3")) as ledger:
        channel, settings = other.join("C0LEAVER"), settings_for(other, model, tmp_path)
        with running_bot(other, tmp_path, settings):
            ts = other.mention(channel, QUESTION)
            reply = answer_of(other, tmp_path, channel, ts)
        with running_bot(other, tmp_path, {**settings, "ALLOWED_USERS": "U0SOMEONE"}):
            other.edit(channel, ts, f"<@{BOT_USER}> {OTHER_QUESTION}")
            restored = "SELECT posted FROM questions WHERE revision = 1 AND state = 'answered'"
            (posted,) = other.wait_for(lambda: ledger.execute(restored).fetchone(), "the end of the edited question")
    assert [told["text"] for told in other.private] == [WORDS.not_this_person]
    assert (other.replies(channel, ts), json.loads(posted)) == ([reply], {"0": reply["ts"]})


def test_a_press_while_the_answer_is_made_is_one_answer(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    ts = slack.mention(channel, QUESTION)
    reply = answer_of(slack, folder, channel, ts)
    gate, asked = asyncio.Event(), len(model.requests)
    model.play(Reply("Short [1].", gate=gate))
    press(slack, channel, reply, SHORTER)
    model.wait_for(lambda: len(model.requests) > asked, "the model to be asked")
    told = len(slack.private)
    press(slack, channel, reply, SHORTER)
    slack.wait_for(lambda: len(slack.private) > told, "a word to who pressed twice")
    model.open_gate(gate)
    shows(slack, channel, ts, "Short [1].")
    assert len(model.requests) == asked + 1


def test_below_passages_alone_one_may_try_again_and_below_an_abstention_not(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    model.play(Reply(status=404), Reply("NOT_IN_DOCS\nNothing on tape."))
    ts = slack.mention(channel, QUESTION)
    (passages,) = slack.wait_for_replies(channel, ts)
    (abstention,) = slack.wait_for_replies(channel, slack.mention(channel, "When will Milvus write to tape?"))
    assert [action for action in actions(passages) if action in REGENERATE_ACTIONS] == [ANEW]
    assert [action for action in actions(abstention) if action in REGENERATE_ACTIONS] == []
    press(slack, channel, passages, ANEW)
    shows(slack, channel, ts, DEFAULT_REPLY)


def test_a_vote_stays_with_the_answer_that_it_was_given_on(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    model.play(Reply("A bad answer [1]."), Reply("A better answer [1]."))
    ts = slack.mention(channel, QUESTION)
    reply = answer_of(slack, folder, channel, ts)
    (thumbs,) = [block["elements"][0] for block in reply["blocks"] if block["type"] == "context_actions"]
    slack.wait_for_ack(slack.press(channel, reply, FEEDBACK_ACTION, thumbs["negative_button"]["value"]))
    press(slack, channel, reply, ANEW)
    shows(slack, channel, ts, "A better answer [1].")
    command = [sys.executable, "-c", "from bot.entrypoints.cli import main; main()", "feedback", "export"]
    settings = environment(MILVUS_URI=str(folder / "milvus.db"))
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=True)
    row = json.loads(done.stdout.splitlines()[-1])
    assert (row["question"], row["answer"]) == (QUESTION, "A bad answer [1].")
    slack.delete(channel, ts)
    slack.wait_for(lambda: not slack.replies(channel, ts), "the answer to go")
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3")) as ledger:
        kept = "SELECT count(*) FROM past_answers p JOIN questions q ON q.id = question_id WHERE ts = ?"
        assert ledger.execute(kept, [ts]).fetchone() == (0,)


def test_an_edit_while_the_answer_is_being_posted_leaves_one_answer(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    model.play(Reply(status=404), Reply("New words [1]."))  # the passages first: posted whole
    slack.fail("chat.postMessage", Failure(after_work=True, hang=True))
    ts = slack.mention(channel, QUESTION)
    slack.wait_for(lambda: slack.replies(channel, ts), "the message of which nobody hears")
    slack.edit(channel, ts, f"<@{BOT_USER}> {OTHER_QUESTION}")
    shows(slack, channel, ts, "New words [1].")


def test_who_stops_another_answer_before_it_begins_keeps_the_one_before(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    ts = slack.mention(channel, QUESTION)
    reply = answer_of(slack, folder, channel, ts)
    gate, asked, told = asyncio.Event(), len(model.requests), len(slack.private)
    model.play(Reply("Short [1].", gate=gate))
    press(slack, channel, reply, SHORTER)
    model.wait_for(lambda: len(model.requests) > asked, "the model to be asked")
    slack.press_stop(channel, ts)
    slack.wait_for(lambda: len(slack.private) > told, "a word to the asker")
    model.open_gate(gate)
    assert slack.private[-1]["text"] == WORDS.stopped
    shows(slack, channel, ts, DEFAULT_REPLY)
    model.play(Reply("Even shorter [1]."))
    press(slack, channel, reply, SHORTER)
    shows(slack, channel, ts, "Even shorter [1].")


def test_a_mention_that_is_added_to_a_question_that_was_left_alone_is_heard(
    slack: SlackStandIn, channel: str, folder: Path
) -> None:
    slack.people["U0COLLEAGUE"] = {"team_id": "T0TEAM"}
    ts = slack.mention(channel, QUESTION)
    answer_of(slack, folder, channel, ts)
    slack.say(channel, "I know that.", thread_ts=ts, user="U0COLLEAGUE")
    later = slack.say(channel, OTHER_QUESTION, thread_ts=ts)
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3")) as ledger:
        left = "SELECT 1 FROM questions WHERE ts = ? AND state = 'quiet'"
        slack.wait_for(lambda: ledger.execute(left, [later]).fetchone(), "the question to be left alone")
    slack.edit(channel, later, f"<@{BOT_USER}> {OTHER_QUESTION}")
    slack.wait_for_replies(channel, ts, count=2)


def test_an_answer_that_was_deleted_does_not_come_back_with_the_next_one(
    slack: SlackStandIn, channel: str, folder: Path
) -> None:
    ts = slack.mention(channel, QUESTION)
    reply = answer_of(slack, folder, channel, ts)
    slack.channels[channel].messages.remove(reply)
    slack.say(channel, OTHER_QUESTION, thread_ts=ts)
    slack.wait_for_replies(channel, ts)
    slack.wait_for(lambda: f"A button stays in {channel}" in log_of(folder), "the try to take the buttons away")
    assert len(slack.replies(channel, ts)) == 1
