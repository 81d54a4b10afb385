"""Feedback: votes, what people said of answers, and the export of both."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.rendering.action_ids import FEEDBACK_ACTION
from bot.rendering.forms import FEEDBACK_REASONS
from bot.text.wording import wording
from tests.e2e.bot_process import environment
from tests.standins.slack import ASKER

if TYPE_CHECKING:
    from pathlib import Path

    from bot.playground.sockets import Envelope
    from tests.standins.slack import Json, SlackStandIn

WORDS = wording()
QUESTION = "How is data stored in milvus?"

pytestmark = pytest.mark.usefixtures("folder")


def buttons(answer: Json) -> Json:
    (block,) = (block for block in answer["blocks"] if block["type"] == "context_actions")
    found: Json = block["elements"][0]
    return found


def vote(slack: SlackStandIn, channel: str, answer: Json, button: str, *, user: str = ASKER) -> Envelope:
    """Press a thumb, and wait for the ack: then the vote is kept."""
    envelope = slack.press(channel, answer, FEEDBACK_ACTION, buttons(answer)[f"{button}_button"]["value"], user=user)
    slack.wait_for_ack(envelope)
    return envelope


def votes(folder: Path, ts: str) -> list[tuple[str, int, str | None]]:
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3")) as ledger:
        return ledger.execute(
            'SELECT f."user", liked, f.reason FROM feedback f JOIN questions q ON q.id = question_id '
            "WHERE ts = ? ORDER BY 1",
            [ts],
        ).fetchall()


def values(reason: str | None, words: str | None) -> Json:
    chosen = {"value": reason} if reason else None
    return {"reason": {"reason": {"selected_option": chosen}}, "words": {"words": {"value": words}}}


def test_a_thumb_up_is_kept_and_asks_nothing(slack: SlackStandIn, channel: str, folder: Path) -> None:
    ts = slack.mention(channel, QUESTION)
    (answer,) = slack.wait_for_replies(channel, ts)
    shown = len(slack.views)
    vote(slack, channel, answer, "positive")
    assert votes(folder, ts) == [(ASKER, 1, None)]
    assert len(slack.views) == shown


def test_a_thumb_down_asks_why_and_ones_last_vote_counts(slack: SlackStandIn, channel: str, folder: Path) -> None:
    ts = slack.mention(channel, QUESTION)
    (answer,) = slack.wait_for_replies(channel, ts)
    vote(slack, channel, answer, "positive")
    vote(slack, channel, answer, "negative", user="U0OTHER")
    vote(slack, channel, answer, "negative")
    assert votes(folder, ts) == [(ASKER, 0, None), ("U0OTHER", 0, None)]
    form = slack.wait_for(lambda: slack.views[-1:], "the form")[0]
    assert form["title"]["text"] == WORDS.feedback_title
    assert [option["value"] for option in form["blocks"][0]["element"]["options"]] == list(FEEDBACK_REASONS)
    sent = slack.submit(form, values("outdated", "It says 2.3, my key is xoxb-1234567890-abc"))
    slack.wait_for_ack(sent)
    assert sent.reply == {}
    assert votes(folder, ts)[0] == (ASKER, 0, "outdated: It says 2.3, my key is [redacted]")
    vote(slack, channel, answer, "positive")
    assert votes(folder, ts) == [(ASKER, 1, None), ("U0OTHER", 0, None)]


def test_a_form_that_is_sent_off_empty_keeps_the_vote(slack: SlackStandIn, channel: str, folder: Path) -> None:
    ts = slack.mention(channel, QUESTION)
    (answer,) = slack.wait_for_replies(channel, ts)
    vote(slack, channel, answer, "negative")
    slack.wait_for_ack(slack.submit(slack.wait_for(lambda: slack.views[-1:], "the form")[0], values(None, None)))
    assert votes(folder, ts) == [(ASKER, 0, None)]


def test_while_the_ledger_is_locked_the_voter_is_told_and_the_form_stays_open(
    slack: SlackStandIn, channel: str, folder: Path
) -> None:
    ts = slack.mention(channel, QUESTION)
    (answer,) = slack.wait_for_replies(channel, ts)
    vote(slack, channel, answer, "negative")
    form = slack.wait_for(lambda: slack.views[-1:], "the form")[0]
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        told = len(slack.private)
        vote(slack, channel, answer, "positive")
        slack.wait_for(lambda: len(slack.private) > told, "a word to the voter")
        sent = slack.submit(form, values("wrong", "No."))
        slack.wait_for_ack(sent)
        other.execute("ROLLBACK")
    assert slack.private[-1]["text"] == WORDS.feedback_not_kept
    assert sent.reply["response_action"] == "errors"
    assert votes(folder, ts) == [(ASKER, 0, None)]


def test_disliked_answers_are_exported_as_rows_for_eval(slack: SlackStandIn, channel: str, folder: Path) -> None:
    ts = slack.mention(channel, "What is a growing segment in Milvus?")
    (answer,) = slack.wait_for_replies(channel, ts)
    vote(slack, channel, answer, "negative")
    command = [sys.executable, "-c", "from bot.entrypoints.cli import main; main()", "feedback", "export"]
    settings = environment(MILVUS_URI=str(folder / "milvus.db"))
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=True)
    row = json.loads(done.stdout.splitlines()[-1])
    assert (row["question"], row["kind"], row["relevant"]) == ("What is a growing segment in Milvus?", "disliked", [])
    assert row["answer"].startswith("Milvus keeps inserted data in object storage [1]")
    assert len(row["passages"]) == 10
    assert set(row["versions"]) == {"milvusfaq", "model", "prompt"}
    to = folder / "rows.jsonl"
    subprocess.run([*command, "--to", str(to)], cwd=folder, env=settings, check=True)
    assert to.read_text().splitlines()[-1] == done.stdout.splitlines()[-1]
