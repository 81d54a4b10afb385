"""Dependencies away: Milvus, the language model, the ledger and the disk; the bot heals by itself."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
from typing import TYPE_CHECKING

from tests.e2e.bot_process import log_of, running_bot, settings_for
from tests.standins.milvus import running_server
from tests.standins.model import Reply, long_text
from tests.standins.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import Json, SlackStandIn

QUESTION = "How is data stored in milvus?"
WAITING = "I can't search the Milvus docs at this moment. I keep your question"


def only_answer(slack: SlackStandIn, channel: str, ts: str) -> Json:
    """Wait until a question has its answer, and the notice that came before it is gone."""

    def answer() -> Json | None:
        replies = slack.replies(channel, ts)
        kinds = [reply.get("metadata", {}).get("event_type") for reply in replies]
        return replies[0] if kinds == ["milvusfaq_answer"] else None

    found = slack.wait_for(answer, f"the answer to {ts} alone")
    assert found
    return found


def test_a_bot_that_starts_without_milvus_says_so_and_answers_when_it_comes(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel, port = slack.join("C0LATER"), free_port()
    settings = {**settings_for(slack, model, tmp_path), "MILVUS_URI": f"http://127.0.0.1:{port}"}
    with running_bot(slack, tmp_path, settings):
        ts = slack.mention(channel, QUESTION)
        (notice,) = slack.wait_for_replies(channel, ts)
        assert notice["blocks"][0]["text"].startswith(WAITING)
        assert "Milvus can't be reached at" in log_of(tmp_path)
        with running_server(tmp_path, port=port):
            only_answer(slack, channel, ts)
    assert "Traceback" not in log_of(tmp_path)


def test_a_milvus_that_is_killed_and_started_again_is_found_again(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel, port = slack.join("C0KILLED"), free_port()
    settings = {**settings_for(slack, model, tmp_path), "MILVUS_URI": f"http://127.0.0.1:{port}"}
    with running_server(tmp_path, port=port) as (_, server), running_bot(slack, tmp_path, settings):
        slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
        os.killpg(server.pid, signal.SIGKILL)
        ts = slack.mention(channel, QUESTION)
        slack.wait_for(lambda: "The docs can't be searched" in log_of(tmp_path), "the outage to be noticed")
        with running_server(tmp_path, port=port):
            only_answer(slack, channel, ts)
            only_answer(slack, channel, slack.mention(channel, QUESTION))
    assert "The docs can be searched again." in log_of(tmp_path)


def test_a_milvus_that_stands_still_is_waited_for(slack: SlackStandIn, model: ModelStandIn, tmp_path: Path) -> None:
    channel = slack.join("C0STILL")
    with running_server(tmp_path) as (uri, server):
        settings = {**settings_for(slack, model, tmp_path), "MILVUS_URI": uri}
        with running_bot(slack, tmp_path, settings):
            slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
            os.killpg(server.pid, signal.SIGSTOP)
            ts = slack.mention(channel, "What happens to deleted entities?")
            (notice,) = slack.wait_for_replies(channel, ts)
            assert notice["blocks"][0]["text"].startswith(WAITING)
            os.killpg(server.pid, signal.SIGCONT)
            only_answer(slack, channel, ts)


def test_a_question_that_can_not_be_answered_in_time_gets_an_apology(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel = slack.join("C0GIVEUP")
    settings = {**settings_for(slack, model, tmp_path), "MILVUS_URI": f"http://127.0.0.1:{free_port()}"}
    with running_bot(slack, tmp_path, {**settings, "ANSWER_WITHIN_S": "1"}):
        reply = only_answer(slack, channel, slack.mention(channel, QUESTION))
    assert reply["blocks"][0]["text"].startswith("Sorry, I could not answer this")
    assert "Milvus" not in reply["text"]


def test_an_answer_that_takes_for_ever_is_given_up_with_an_apology(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel = slack.join("C0FOREVER")
    model.play(Reply(long_text(300), words_per_s=5))
    with running_bot(slack, tmp_path, {**settings_for(slack, model, tmp_path), "ANSWER_WITHIN_S": "1"}):
        reply = only_answer(slack, channel, slack.mention(channel, QUESTION))
    assert reply["blocks"][0]["text"].startswith("Sorry, I could not answer this")
    assert "not answered within 1 s" in log_of(tmp_path)


def test_a_dead_model_is_left_alone_and_found_again(slack: SlackStandIn, model: ModelStandIn, tmp_path: Path) -> None:
    channel = slack.join("C0DEAD")
    model.play(*[Reply(stall=True, text="")] * 3)
    with running_bot(slack, tmp_path, {**settings_for(slack, model, tmp_path), "LLM_TIMEOUT_S": "0.5"}):
        for _ in range(3):
            reply = only_answer(slack, channel, slack.mention(channel, QUESTION))
            assert "did not answer in time" in reply["blocks"][1]["elements"][0]["text"]
        asked = len(model.requests)
        reply = only_answer(slack, channel, slack.mention(channel, QUESTION))
        assert "The language model is not working right now." in reply["blocks"][1]["elements"][0]["text"]
        assert len(model.requests) == asked


def test_a_ledger_that_is_locked_costs_no_question(slack: SlackStandIn, model: ModelStandIn, tmp_path: Path) -> None:
    channel = slack.join("C0LOCKED")
    with running_bot(slack, tmp_path, settings_for(slack, model, tmp_path)):
        other = sqlite3.connect(tmp_path / "milvus.ledger.sqlite3", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        ts = slack.mention(channel, QUESTION)
        (notice,) = slack.wait_for_replies(channel, ts)
        assert notice["blocks"][0]["text"].startswith("I can't take questions down at this moment.")
        other.execute("ROLLBACK")
        other.close()
        slack.wait_for(lambda: f"Answered {channel} {ts}" in log_of(tmp_path), "the end of the question")
        slack.wait_for(lambda: len(slack.replies(channel, ts)) == 1, "the notice to be taken back")
    assert [reply["metadata"]["event_type"] for reply in slack.replies(channel, ts)] == ["milvusfaq_answer"]


def test_a_full_disk_costs_no_question(slack: SlackStandIn, model: ModelStandIn, tmp_path: Path) -> None:
    """The process may write no byte more to any file, as on a full disk; then it may again."""
    channel = slack.join("C0FULL")
    with running_bot(slack, tmp_path, settings_for(slack, model, tmp_path)) as bot:
        slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
        before = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        ts = slack.mention(channel, QUESTION)
        (notice,) = slack.wait_for_replies(channel, ts)
        assert notice["blocks"][0]["text"].startswith("I can't take questions down at this moment.")
        refused = slack.command(channel, QUESTION)
        slack.wait_for(lambda: slack.private, "a word to the command's asker")
        assert slack.private[-1]["blocks"][0]["text"]["text"].startswith("I can't take questions down at this moment.")
        assert refused.acked_at is None
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, before)
        slack.wait_for(lambda: f"Answered {channel} {ts}" in log_of(tmp_path), "the end of the question")
        slack.wait_for(lambda: len(slack.replies(channel, ts)) == 1, "the notice to be taken back")
        slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    assert [reply["metadata"]["event_type"] for reply in slack.replies(channel, ts)] == ["milvusfaq_answer"]
