"""This file is where it is known what Slack refuses: blocks, forms and home tabs over its limits."""

from __future__ import annotations

import json
import re
from typing import Any

Json = dict[str, Any]

MARKDOWN_CHARACTERS = 12_000


def refused_blocks(blocks: list[Json]) -> str | None:
    """Return the error with which Slack refuses blocks over its limits; None when it takes them."""
    markdown = [block["text"] for block in blocks if block["type"] == "markdown"]
    sections = [block["text"]["text"] for block in blocks if block["type"] == "section"]
    contexts = [block["elements"] for block in blocks if block["type"] == "context"]
    links = [e for block in blocks for e in _nested(block) if e.get("type") == "link"]
    buttons = [e for block in blocks if block["type"] == "actions" for e in block["elements"]]
    bad = (
        len(blocks) > 50
        or any(not text for text in markdown)
        or sum(map(len, markdown)) > MARKDOWN_CHARACTERS
        or any(_has_empty_cell(text) for text in markdown)
        or any(not text or len(text) > 3_000 for text in sections)
        or any(not elements or len(elements) > 10 for elements in contexts)
        or any(not 0 < len(button["text"]["text"]) <= 75 or len(button.get("value", "")) > 2_000 for button in buttons)
        or any(not 0 < len(block["elements"]) <= 25 for block in blocks if block["type"] == "actions")
        or any(_refused_buttons(e) for block in blocks if block["type"] == "context_actions" for e in block["elements"])
        or any(not re.match(r"https?://\S+$", link.get("url", "")) for link in links)
        or any(e.get("type") == "text" and not e.get("text") for block in blocks for e in _nested(block))
    )
    if bad:
        return "invalid_blocks"
    return "msg_blocks_too_long" if len(json.dumps(blocks, ensure_ascii=False)) > 30_000 else None


def refused_view(view: Json) -> str | None:
    """Return the error with which Slack refuses a form or a home tab over its limits; None when it takes it."""
    if len(view["blocks"]) > 100 or len(view.get("private_metadata", "")) > 3_000:
        return "invalid_arguments"
    if any(block["type"] == "markdown" for block in view["blocks"]):
        return "invalid_blocks"  # for messages alone
    if view["type"] == "home":
        return refused_blocks(view["blocks"][:50]) or refused_blocks(view["blocks"][50:])
    titles = [view[part]["text"] for part in ("title", "submit", "close") if part in view]
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    texts = [block["element"].get("initial_value", "") for block in inputs]
    bad = (
        any(not 0 < len(title) <= 24 for title in titles)
        or any(not 0 < len(block["label"]["text"]) <= 2_000 for block in inputs)
        or any(len(text) > 3_000 for text in texts)
    )
    return "invalid_arguments" if bad else None


def _has_empty_cell(markdown: str) -> bool:
    """Tell a table with an empty cell, which costs the whole message."""
    outside_code = re.sub(r"^(```+|~~~+).*?^\1", "", markdown, flags=re.DOTALL | re.MULTILINE)
    rows = [line.strip() for line in outside_code.split("\n") if re.match(r"\s*\|.*\|\s*$", line)]
    return any(re.search(r"\|\s*\|", row) for row in rows)


def _refused_buttons(element: Json) -> bool:
    if element["type"] != "feedback_buttons":
        return False
    buttons = [element["positive_button"], element["negative_button"]]
    return any(not 0 < len(b["text"]["text"]) <= 75 or len(b["value"]) > 2_000 for b in buttons)


def _nested(block: Json) -> list[Json]:
    elements = [element for element in block.get("elements", []) if isinstance(element, dict)]
    return [*elements, *(inner for element in elements for inner in _nested(element))]
