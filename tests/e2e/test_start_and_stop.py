"""Start and stop: with what can't work, and in the middle of work."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.bot_process import environment, running_bot, settings_for
from tests.standins.model import Reply
from tests.standins.slack import APP_TOKEN, BOT_TOKEN, Failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn

SECONDS = 30


def start(folder: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start a bot that is expected to end by itself."""
    command = [sys.executable, "-m", "bot"]
    return subprocess.run(
        command, cwd=folder, env=environment(**settings), capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"SLACK_BOT_TOKEN": ""}, "milvusfaq: SLACK_BOT_TOKEN is missing; see .env.example."),
        ({"SLACK_APP_TOKEN": ""}, "milvusfaq: SLACK_APP_TOKEN is missing; see .env.example."),
        ({"SLACK_APP_TOKEN": "xoxb-1"}, "milvusfaq: SLACK_APP_TOKEN does not begin with xapp-"),
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "milvusfaq: Slack does not take SLACK_BOT_TOKEN (invalid_auth)."),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "milvusfaq: Slack does not take SLACK_APP_TOKEN (invalid_auth)."),
        ({"SLACK_API_URL": "http://127.0.0.1:9/"}, "milvusfaq: Slack can't be reached at http://127.0.0.1:9/."),
        ({"SUPPORT_CHANNELS": "#help"}, "milvusfaq: SUPPORT_CHANNELS: '#help' is not a channel id"),
        ({"DATABASE_URL": "sqlite:////no/such/ledger"}, "milvusfaq: The folder of DATABASE_URL's file does not exist"),
        ({"DATABASE_URL": "postgresql://me:hidden@127.0.0.1:9/x"}, "milvusfaq: The ledger can't be opened at"),
        ({"ALLOWED_USERS": "@bob"}, "milvusfaq: ALLOWED_USERS: '@bob' is not a user id"),
        ({"MILVUS_URI": "milvus"}, "milvusfaq: MILVUS_URI='milvus' is neither an address nor a path"),
        ({"EMBEDDING_MODEL": "word2vec"}, "milvusfaq: EMBEDDING_MODEL='word2vec' is not known."),
        ({"ANSWER_PASSAGES": "0"}, "milvusfaq: ANSWER_PASSAGES: Input should be greater than or equal to 1"),
    ],
)
def test_what_can_not_work_ends_the_start_with_a_line(
    slack: SlackStandIn, tmp_path: Path, changed: dict[str, str], line: str
) -> None:
    ended = start(tmp_path, {**settings_for(slack, None, tmp_path), **changed})
    assert ended.returncode == 1
    assert line in ended.stderr
    assert "Traceback" not in ended.stderr
    for token in ("xoxb-wrong", "xapp-wrong", BOT_TOKEN, APP_TOKEN, "hidden"):
        assert token not in ended.stderr + ended.stdout


def test_an_app_without_a_scope_is_told_which(slack: SlackStandIn, tmp_path: Path) -> None:
    slack.fail("users.info", Failure("missing_scope", needed="users:read"))
    ended = start(tmp_path, settings_for(slack, None, tmp_path))
    assert ended.returncode == 1
    assert "milvusfaq: The Slack app lacks the scope users:read. Update it from manifest.yaml" in ended.stderr


def test_what_answers_in_slacks_place_is_told_with_the_address(slack: SlackStandIn, tmp_path: Path) -> None:
    slack.fail("auth.test", Failure(status=503, body=b"<html>Sign in to the network</html>", content_type="text/html"))
    ended = start(tmp_path, settings_for(slack, None, tmp_path))
    assert ended.returncode == 1
    told = "Something answers in Slack's place (HTTP 503, text/html). Check the network"
    assert f"milvusfaq: Slack can't be reached at {slack.api_url}. {told}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_bot_that_stays_cut_off_ends_to_be_started_anew(slack: SlackStandIn, tmp_path: Path) -> None:
    slack.refuse_handshakes(1_000)
    ended = start(tmp_path, {**settings_for(slack, None, tmp_path), "SLACK_DISCONNECT_EXIT_S": "1"})
    slack.refuse_handshakes(-slack.handshakes_to_refuse)
    assert ended.returncode == 1
    assert "milvusfaq: There was no connection to Slack for 1 seconds." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_model_that_stalls_is_replaced_by_the_passages(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    channel = slack.join("C0STALL")
    model.play(Reply("Half an", stall=True))
    with running_bot(slack, tmp_path, {**settings_for(slack, model, tmp_path), "LLM_TIMEOUT_S": "0.5"}):
        (reply,) = slack.wait_for_replies(channel, slack.mention(channel, "How is data stored in milvus?"))
    said = reply["blocks"][1]["elements"][0]["text"]
    assert said == "The language model did not answer in time. These are the passages themselves."


def test_the_command_line_starts_a_bot_whose_log_keeps_secrets_too(slack: SlackStandIn, tmp_path: Path) -> None:
    settings = {**settings_for(slack, None, tmp_path), "SLACK_BOT_TOKEN": "xoxb-wrong"}
    settings["MILVUS_URI"] = "http://root:planted@127.0.0.1:9"
    for command in (["-m", "bot"], ["-c", "from bot.entrypoints.cli import main; main()", "start"]):
        ended = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment(**settings, RETENTION_DAYS="1"),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 1
        assert "Slack does not take SLACK_BOT_TOKEN" in ended.stderr
        assert "wrong" not in ended.stderr


def test_sigterm_ends_the_bot_well_and_frees_the_file(slack: SlackStandIn, tmp_path: Path) -> None:
    settings = settings_for(slack, None, tmp_path)
    with running_bot(slack, tmp_path, settings) as first:
        first.send_signal(signal.SIGTERM)
        assert first.wait(SECONDS) == 0
    channel = slack.join("C0AGAIN")
    with running_bot(slack, tmp_path, settings):
        slack.wait_for_replies(channel, slack.mention(channel, "How is data stored in milvus?"))


def test_an_event_without_an_ack_is_delivered_again_and_answered(slack: SlackStandIn, tmp_path: Path) -> None:
    channel = slack.join("C0LATE")
    ts = slack.mention(channel, "How is data stored in milvus?")  # nobody is connected: no ack
    with running_bot(slack, tmp_path, settings_for(slack, None, tmp_path)):
        slack.wait_for_replies(channel, ts)
        later = slack.mention(channel, "What does a flush do?")
        slack.wait_for_replies(channel, later)
    assert len(slack.replies(channel, ts)) == 1


def test_a_second_process_on_the_same_file_is_told_why(slack: SlackStandIn, tmp_path: Path) -> None:
    with running_bot(slack, tmp_path, settings_for(slack, None, tmp_path)):
        ended = start(tmp_path, settings_for(slack, None, tmp_path))
    assert ended.returncode == 1
    assert "is open in another process, and Milvus Lite takes one process at a time." in ended.stderr
    assert "Traceback" not in ended.stderr
