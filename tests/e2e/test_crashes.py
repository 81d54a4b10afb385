"""Crashes: bots are killed, stopped and started again, and no question is lost or answered twice."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.text.wording import wording
from tests.e2e.bot_process import running_bot, settings_for
from tests.standins.milvus import running_server
from tests.standins.model import DEFAULT_REPLY, Reply, long_text
from tests.standins.slack import Failure

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.postgres import PostgresServer
    from tests.standins.slack import SlackStandIn


QUESTION = "How is data stored in milvus?"
WORDS = wording()
NEVER_ENDING = Reply("Half an answer, no more than that", stall=True)


def kill(bot: subprocess.Popen[bytes]) -> None:
    bot.kill()
    bot.wait()


def states(folder: Path) -> list[tuple[str, int]]:
    """Return each question's state and how many processes took it up, as the ledger has it on disk."""
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3")) as ledger:
        return ledger.execute("SELECT state, attempts FROM questions ORDER BY id").fetchall()


def test_what_a_killed_bot_was_answering_the_next_start_answers_once(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel, settings = slack.join("C0KILL"), settings_for(slack, model, tmp_path)
    asked = len(model.requests)
    model.play(NEVER_ENDING)
    with running_bot(slack, tmp_path, settings) as bot:
        ts = slack.mention(channel, QUESTION)
        model.wait_for(lambda: len(model.requests) > asked, "the model to be asked")
        for envelope in slack.envelopes:
            slack.wait_for_ack(envelope)
        kill(bot)
    assert states(tmp_path) == [("answering", 1)]
    with running_bot(slack, tmp_path, settings):
        slack.wait_for_replies(channel, ts)
        slack.wait_for(lambda: states(tmp_path) == [("answered", 2)], "the end of the question")
    assert len(slack.replies(channel, ts)) == 1


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "updated"])
def test_what_was_written_when_the_bot_was_killed_becomes_the_answer(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path, *, streams: bool
) -> None:
    channel, settings = slack.join(f"C0GREW{streams}", streams=streams), settings_for(slack, model, tmp_path)
    model.play(NEVER_ENDING)
    with running_bot(slack, tmp_path, settings) as bot:
        ts = slack.mention(channel, QUESTION)
        (half,) = slack.wait_for(lambda: slack.replies(channel, ts), "the first words")
        slack.wait_for(lambda: standing(tmp_path) == [half["ts"]], "the note of it")
        kill(bot)
    with running_bot(slack, tmp_path, settings):
        slack.wait_for(lambda: states(tmp_path) == [("answered", 2)], "the end of the question")
    (reply,) = slack.replies(channel, ts)
    assert (reply["ts"], reply["blocks"][0]["text"]) == (half["ts"], DEFAULT_REPLY)


def standing(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3")) as ledger:
        (found,) = ledger.execute("SELECT standing FROM questions").fetchone()
    return list(json.loads(found))


def test_a_stream_of_which_the_killed_bot_never_heard_becomes_the_answer(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel, settings = slack.join("C0UNHEARD"), settings_for(slack, model, tmp_path)
    slack.fail("chat.startStream", Failure(after_work=True, hang=True))
    model.play(NEVER_ENDING)
    with running_bot(slack, tmp_path, settings) as bot:
        ts = slack.mention(channel, QUESTION)
        (half,) = slack.wait_for(lambda: slack.replies(channel, ts), "the first words")
        kill(bot)
    assert standing(tmp_path) == ["?"]
    with running_bot(slack, tmp_path, settings):
        slack.wait_for(lambda: states(tmp_path) == [("answered", 2)], "the end of the question")
    (reply,) = slack.replies(channel, ts)
    assert (reply["ts"], reply["blocks"][0]["text"]) == (half["ts"], DEFAULT_REPLY)


def test_a_long_answer_that_a_crash_cut_is_completed_and_not_begun_anew(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel, settings = slack.join("C0HALF"), settings_for(slack, model, tmp_path)
    model.play(Reply(long_text(300)))
    slack.fail("chat.postMessage", Failure(hang=True))
    with running_bot(slack, tmp_path, settings) as bot:
        ts = slack.mention(channel, QUESTION)
        slack.wait_for(lambda: not slack.failures_left("chat.postMessage"), "the second part to hang")
        kill(bot)
    assert len(slack.replies(channel, ts)) == 1
    asked = len(model.requests)
    with running_bot(slack, tmp_path, settings):
        slack.wait_for_replies(channel, ts, count=2)
        slack.wait_for(lambda: states(tmp_path) == [("answered", 2)], "the end of the question")
    assert [reply["metadata"]["event_payload"]["part"] for reply in slack.replies(channel, ts)] == [0, 1]
    assert len(model.requests) == asked


def test_an_answer_that_was_posted_just_before_the_crash_is_not_posted_again(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel, settings = slack.join("C0POSTED"), settings_for(slack, model, tmp_path)
    model.play(Reply(status=404))  # the passages themselves: nothing grows
    slack.fail("chat.postMessage", Failure(after_work=True, hang=True))
    with running_bot(slack, tmp_path, settings) as bot:
        ts = slack.mention(channel, QUESTION)
        slack.wait_for_replies(channel, ts)
        kill(bot)
    with running_bot(slack, tmp_path, settings):
        slack.wait_for(lambda: states(tmp_path) == [("answered", 2)], "the end of the question")
    assert len(slack.replies(channel, ts)) == 1


def test_a_stop_finishes_what_it_can_and_hands_on_the_rest(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel, settings = slack.join("C0STOP"), settings_for(slack, model, tmp_path)
    gate, asked = asyncio.Event(), len(model.requests)
    model.play(Reply("An answer [1].", gate=gate), NEVER_ENDING)
    with running_bot(slack, tmp_path, {**settings, "SHUTDOWN_GRACE_S": "3"}) as bot:
        quick = slack.mention(channel, QUESTION)
        model.wait_for(lambda: len(model.requests) == asked + 1, "the first question")
        slow = slack.mention(channel, QUESTION)
        model.wait_for(lambda: len(model.requests) == asked + 2, "the second question")
        bot.send_signal(signal.SIGTERM)
        slack.wait_for(lambda: not slack.connected(), "the sockets' end")
        model.open_gate(gate)
        slack.wait_for_replies(channel, quick)
        assert bot.wait(20) == 0
    assert [state for state, _ in states(tmp_path)] == ["answered", "answering"]
    assert [reply["text"] for reply in slack.replies(channel, slow)] == ["Half an answer, no more than that"]
    with running_bot(slack, tmp_path, settings):
        slack.wait_for_replies(channel, slow)
        slack.wait_for(lambda: states(tmp_path)[1] == ("answered", 1), "the end of the question")
    assert len(slack.replies(channel, slow)) == len(slack.replies(channel, quick)) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_two_replicas_one_answers_and_takes_over_what_the_other_leaves(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    channel = slack.join(f"C0TWO{kind.upper()}")
    url = f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    if kind == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.url
    folders = [tmp_path / "one", tmp_path / "two"]
    with running_server(tmp_path) as (uri, _):
        settings = {
            **settings_for(slack, model, tmp_path),
            "MILVUS_URI": uri,
            "DATABASE_URL": url,
            "LLM_TIMEOUT_S": "3",
        }
        for folder in folders:
            folder.mkdir()
        with running_bot(slack, folders[0], settings) as one, running_bot(slack, folders[1], settings):
            slack.wait_for(lambda: slack.count_open() == 4, "two sockets of each")
            stamps = [slack.mention(channel, QUESTION) for _ in range(10)]
            for ts in stamps:
                slack.wait_for_replies(channel, ts)
            model.play(*[NEVER_ENDING] * 4)
            asked = len(model.requests)
            late = [slack.mention(channel, QUESTION) for _ in range(4)]
            model.wait_for(lambda: len(model.requests) == asked + 4, "four questions to hang")
            kill(one)
            for ts in late:
                slack.wait_for_replies(channel, ts)
            slack.wait_for(lambda: all(len(slack.replies(channel, ts)) == 1 for ts in stamps + late), "one answer each")


def test_a_question_that_ends_every_process_gets_an_apology_instead_of_a_fifth(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel, settings = slack.join("C0POISON"), settings_for(slack, model, tmp_path)
    asked = len(model.requests)
    model.play(Reply("Half", stall=True))
    with running_bot(slack, tmp_path, settings) as bot:
        ts = slack.mention(channel, QUESTION)
        model.wait_for(lambda: len(model.requests) > asked, "the question")
        bot.kill()
        bot.wait()
    with closing(sqlite3.connect(tmp_path / "milvus.ledger.sqlite3")) as ledger:
        ledger.execute("UPDATE questions SET attempts = 4")
        ledger.commit()
    with running_bot(slack, tmp_path, settings):
        (reply,) = slack.wait_for_replies(channel, ts)
    assert reply["text"] == WORDS.apology
    with closing(sqlite3.connect(tmp_path / "milvus.ledger.sqlite3")) as ledger:
        assert ledger.execute("SELECT state, reason FROM questions").fetchall() == [
            ("failed", "it ended every process that took it up")
        ]
