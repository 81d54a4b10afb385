"""The operations port while something fails, and the day's tokens: each test has a bot of its own."""

from __future__ import annotations

import json
import socket
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.e2e.bot_process import log_of, running_bot, settings_for
from tests.e2e.operations_port import OperationsPort
from tests.standins.model import Reply
from tests.standins.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn

QUESTION = "How is data stored in Milvus?"


def count(ledger: Path, table: str) -> int:
    with closing(sqlite3.connect(ledger)) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - named above
    return int(found)


def test_without_milvus_a_bot_is_unready_and_lives(slack: SlackStandIn, model: ModelStandIn, tmp_path: Path) -> None:
    port = OperationsPort()
    address = {"MILVUS_URI": f"http://127.0.0.1:{free_port()}"}
    with running_bot(slack, tmp_path, {**settings_for(slack, model, tmp_path), **address, **port.settings}):
        status, told = port.readiness()
        samples = port.samples()
        assert port.get("/livez")[0] == 200
    assert (status, told["status"]) == (503, "unready")
    assert {name for name, check in told["checks"].items() if not check["ok"]} == {"milvus"}
    assert told["checks"]["milvus"]["reason"].startswith("Milvus can't be reached at ")
    assert samples["milvusfaq_dependency_up", (("dependency", "milvus"),)] == 0


def test_a_model_that_fails_degrades(slack: SlackStandIn, model: ModelStandIn, tmp_path: Path) -> None:
    port, channel = OperationsPort(), slack.new_channel()
    with running_bot(slack, tmp_path, {**settings_for(slack, model, tmp_path), **port.settings}):
        model.play(*(Reply(status=500) for _ in range(3)))
        for _ in range(3):
            slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
        status, told = port.readiness()
        samples = port.samples()
    assert (status, told["status"]) == (200, "degraded")
    assert "mistral-7b is left alone" in told["checks"]["model"]["reason"]
    assert samples["milvusfaq_model_breaker_open", (("model", "mistral-7b"),)] == 1
    assert samples["milvusfaq_dependency_up", (("dependency", "model"),)] == 0
    assert samples["milvusfaq_model_failures_total", (("reason", "model fails"),)] == 3


def test_a_port_that_is_taken_ends_the_start_with_a_line(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
        settings = {**settings_for(slack, model, tmp_path), "OPERATIONS_PORT": str(number)}
        with pytest.raises(AssertionError, match="the bot ended"), running_bot(slack, tmp_path, settings):
            pass
    assert f"OPERATIONS_PORT {number} can't be opened" in log_of(tmp_path)
    assert "Traceback" not in log_of(tmp_path)


def test_beyond_the_days_tokens_people_get_the_passages_and_are_told_until_when(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    port, channel = OperationsPort(), slack.new_channel()
    limits = {"LLM_TOKENS_PER_DAY": "100", **port.settings}
    with running_bot(slack, tmp_path, {**settings_for(slack, model, tmp_path), **limits}):
        (first,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
        ledger = tmp_path / "milvus.ledger.sqlite3"
        slack.wait_for(lambda: count(ledger, "token_usage"), "the tokens' row")
        asked = len(model.requests)
        (second,) = slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
        samples = port.samples()
    assert "until midnight UTC" not in json.dumps(first["blocks"])
    assert "until midnight UTC these are the passages themselves" in json.dumps(second["blocks"])
    assert len(model.requests) == asked
    assert samples["milvusfaq_tokens_per_day_limit", ()] == 100
    assert samples["milvusfaq_tokens_today", ()] > 100
