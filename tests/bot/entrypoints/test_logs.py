"""Logs: a JSON line stays one whatever stands in it, names its question, and holds no secret."""

from __future__ import annotations

import json
import logging
from typing import Any

from bot.entrypoints.logs import JsonFormatter, RedactingFormatter, hide
from bot.telemetry import QUESTION_ID


def line(message: str, *arguments: object, error: BaseException | None = None) -> dict[str, Any]:
    redacting = RedactingFormatter("%(message)s")
    hide(redacting, ['s3cr3t"quoted'])
    information = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("bot.test", logging.WARNING, __file__, 1, message, arguments, information)
    text = JsonFormatter(redacting).format(record)
    assert "\n" not in text
    told: dict[str, Any] = json.loads(text)
    return told


def test_a_line_says_when_how_bad_from_where_and_what() -> None:
    told = line("%d questions — %s", 3, "wartet")
    assert told.pop("time").endswith("+00:00")
    assert told == {"level": "WARNING", "logger": "bot.test", "message": "3 questions — wartet"}


def test_it_names_the_question_that_it_is_about() -> None:
    token = QUESTION_ID.set("42")
    try:
        assert line("x")["question"] == "42"
    finally:
        QUESTION_ID.reset(token)


def test_secrets_go_and_the_line_stays_json() -> None:
    told = line("token = %s, and xoxb-123456789-abcdef", 's3cr3t"quoted')
    assert "s3cr3t" not in str(told)
    assert "xoxb-123456789" not in str(told)


def test_a_traceback_is_one_field_without_secrets() -> None:
    told = line("It failed.", error=ValueError('failed with s3cr3t"quoted'))
    assert "ValueError" in told["traceback"]
    assert "s3cr3t" not in told["traceback"]
