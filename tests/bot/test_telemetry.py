"""Telemetry: labels stay few, whatever is put into them."""

from __future__ import annotations

from bot.slack.replies import method_of
from bot.telemetry import BoundedLabel


def test_a_label_keeps_its_first_values_and_calls_the_rest_other() -> None:
    label = BoundedLabel(most=2)
    assert [label(value) for value in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_the_parts_of_a_response_url_are_no_label() -> None:
    assert method_of("/api/chat.postMessage") == "chat.postMessage"
    assert method_of("/api/assistant.threads.setStatus") == "assistant.threads.setStatus"
    assert method_of("/commands/T0/123/s3cr3t") == "response_url"
