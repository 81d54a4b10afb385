"""Messages as no Slack sends them: whatever stands in one, it is read, and takes no time."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from bot.listeners.parsing import MessageParser, deleted_ts, edited_message
from bot.reading.message import read_message
from tests.builders import BOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ODD: list[Any] = [
    *(None, True, 0, -1, 10**9, float("nan"), "x", "", "\ud800", [], {}, [None], ["x"], [1], [[[]]]),
    *({"a": 1}, {"type": ["a"]}, {"type": "rich_text", "elements": [None]}, {"text": {"text": 7}}),
]
SECTION = {
    "type": "rich_text_section",
    "elements": [{"type": "text", "text": "why?"}, {"type": "user", "user_id": "U2"}],
}
BLOCKS = [
    {"type": "rich_text", "elements": [SECTION, {"type": "rich_text_list", "indent": 1, "elements": [SECTION]}]},
    {"type": "section", "text": {"type": "mrkdwn", "text": "P1"}, "fields": [{"type": "mrkdwn", "text": "a"}]},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "rich_text", "elements": [SECTION]}]]},
]
MESSAGE = {
    "type": "message",
    "user": "U1",
    "text": "why?",
    "bot_profile": {"name": "App", "app_id": "A1"},
    "blocks": BLOCKS,
    "attachments": [
        {"is_share": True, "message_blocks": [{"message": {"blocks": BLOCKS}}]},
        {"fields": [{"title": "a", "value": "b"}], "blocks": BLOCKS},
    ],
    "files": [
        {"id": "F1", "name": "a", "mode": "snippet", "preview": "E"},
        {"transcription": {"preview": {"content": "a"}}},
    ],
    "edited": {"user": "U1", "ts": "3.0"},
    "thread_ts": "1.0",
    "subtype": "file_share",
}


def paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each part of a value."""
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from paths(part, (*path, key))


def changed(value: Any, path: tuple[Any, ...], part: object) -> Any:
    """Return a copy of a value with another part in one place."""
    if not path:
        return part
    if isinstance(value, dict):
        return {key: changed(old, path[1:], part) if key == path[0] else old for key, old in value.items()}
    return [changed(old, path[1:], part) if at == path[0] else old for at, old in enumerate(value)]


@pytest.mark.parametrize("seed", range(20))
def test_a_message_with_anything_in_any_place_is_read(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    places = list(paths(MESSAGE))
    parser = MessageParser(bot=BOT, support_channels={"C1": "questions"})
    place = {"channel": "C1", "ts": "2.0", "channel_type": "channel"}
    for _ in range(100):
        message = changed(MESSAGE, random.choice(places), random.choice(ODD))
        read_message(message, bot_user="U0BOT")
        parser.parse({**message, **place})
        event = {"subtype": "message_changed", "message": {**message, "ts": "2.0"}, "previous_message": message}
        edited_message({**event, "channel": "C1"})
        deleted_ts(event)


def test_a_block_that_never_ends_is_read_to_a_depth() -> None:
    block: dict[str, Any] = {"type": "mrkdwn", "text": "deep"}
    for _ in range(5_000):
        block = {"type": "unknown", "elements": [block]}
    assert read_message({"blocks": [block]}, bot_user="").text == ""


def test_a_menus_choices_are_nobodys_words() -> None:
    menu = {"type": "static_select", "options": [{"text": {"type": "plain_text", "text": "Delete"}, "value": "1"}]}
    more = {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "More"}}]}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "Alert"}, "accessory": menu},
        {"type": "section", "text": {"type": "mrkdwn", "text": "Down"}, "accessory": more},
    ]
    assert read_message({"bot_id": "B1", "blocks": blocks}, bot_user="").text == "Alert\nDown"
