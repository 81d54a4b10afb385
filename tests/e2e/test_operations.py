"""The operations port of the running bot: health, metrics, JSON logs, traces."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from bot.telemetry import REGISTRY
from tests.e2e.bot_process import log_of
from tests.e2e.operations_port import OperationsPort
from tests.standins.collector import CollectorStandIn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.slack import SlackStandIn

QUESTION = "How is data stored in Milvus?"


@pytest.fixture(scope="module")
def port() -> OperationsPort:
    return OperationsPort()


@pytest.fixture(scope="module")
def collector() -> Any:
    with CollectorStandIn() as server:
        yield server


@pytest.fixture(scope="module")
def more_settings(port: OperationsPort, collector: CollectorStandIn) -> dict[str, str]:
    """Set the module's bot to show all that it can."""
    traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    return {**port.settings, **traces, "LOG_FORMAT": "json"}


def test_a_bot_that_answers_is_live_and_ready(slack: SlackStandIn, folder: Path, port: OperationsPort) -> None:
    assert folder
    assert port.get("/livez") == (200, "ok\n")
    slack.wait_for(lambda: port.readiness()[1]["checks"]["canary"]["age_s"], "the canary question")
    status, told = port.readiness()
    assert status == 200
    assert told["status"] == "ready"
    assert set(told["checks"]) == {"slack", "milvus", "ledger", "model", "canary"}
    assert told["checks"]["milvus"]["reason"] == "66 passages"


def test_a_question_raises_the_metrics_of_its_way(
    slack: SlackStandIn, folder: Path, channel: str, port: OperationsPort
) -> None:
    assert folder
    before = port.samples()
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    published = ("milvusfaq_questions_total", (("kind", "grounded"), ("origin", "mention"), ("outcome", "published")))
    samples = slack.wait_for(
        lambda: found if (found := port.samples()).get(published, 0) > before.get(published, 0) else None, "the count"
    )
    assert samples
    model = (("direction", "output"), ("model", "mistral-7b"))
    for name, labels in (
        ("milvusfaq_first_text_seconds_count", ()),
        ("milvusfaq_answer_seconds_count", (("kind", "grounded"),)),
        ("milvusfaq_retrieval_seconds_count", ()),
        ("milvusfaq_model_seconds_count", (("model", "mistral-7b"),)),
        ("milvusfaq_tokens_total", model),
        ("milvusfaq_statements_total", (("verdict", "held"),)),
        ("milvusfaq_slack_calls_total", (("method", "chat.stopStream"), ("result", "ok"))),
    ):
        assert samples[name, labels] > before.get((name, labels), 0), name
    assert samples["milvusfaq_passages", ()] == 66


def test_the_metrics_are_read_by_the_clients_own_parsers(folder: Path, port: OperationsPort) -> None:
    assert folder
    _, text = port.get("/metrics")
    names = {family.name for family in text_string_to_metric_families(text)}
    assert names == {family.name for family in REGISTRY.collect()}
    _, text = port.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert names == {family.name for family in openmetrics_families(text)}  # type: ignore[no-untyped-call]


def test_no_metric_tells_a_person_a_channel_or_a_word(
    slack: SlackStandIn, folder: Path, channel: str, port: OperationsPort
) -> None:
    assert folder
    slack.wait_for_replies(channel, slack.mention(channel, "What is zirconium worth in Milvus?"))
    for path in ("/metrics", "/statusz", "/readyz"):
        _, text = port.get(path)
        assert not [word for word in ("zirconium", channel, "U0ASKER", "xoxb-", "xapp-") if word in text], path


def test_every_line_of_a_json_log_is_an_object_and_names_its_question(
    slack: SlackStandIn, folder: Path, channel: str
) -> None:
    ts = slack.mention(channel, "Where does Milvus keep indexes?")
    slack.wait_for_replies(channel, ts)

    def answered() -> dict[str, Any] | None:
        lines = [json.loads(line) for line in log_of(folder).splitlines()]
        return next((line for line in lines if ts in line["message"] and "Answered" in line["message"]), None)

    line = slack.wait_for(answered, "the log's line")
    assert line
    assert line["level"] == "INFO"
    assert line["question"].isdigit()
    assert len(line["trace_id"]) == 32
    assert "indexes" not in log_of(folder)


def test_a_question_is_one_trace_from_the_envelope_to_the_model(
    slack: SlackStandIn, folder: Path, channel: str, collector: CollectorStandIn
) -> None:
    assert folder
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))

    def whole() -> dict[str, Any] | None:
        for spans in collector.traces().values():
            by_name = {span.name: span for span in spans}
            if {"slack envelope", "question", "chat mistral-7b"} <= by_name.keys():
                return by_name
        return None

    spans = slack.wait_for(whole, "a whole trace")
    assert spans
    assert {"ledger", "retrieve", "embed", "search dense", "search sparse", "rank", "slack call"} <= spans.keys()
    assert spans["question"].parent_span_id
    told = {attribute.key: attribute.value for attribute in spans["chat mistral-7b"].attributes}
    assert told["gen_ai.operation.name"].string_value == "chat"
    assert told["gen_ai.request.model"].string_value == "mistral-7b"
    assert told["gen_ai.usage.output_tokens"].int_value > 0
    assert collector.services() == {"milvusfaq"}
