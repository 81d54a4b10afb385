"""Blocks as Slack mrkdwn: the words that a person sees in them, in their order.

Buttons and menus are left out. Of a type that is not known here, the text objects in it are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Element = Mapping[str, Any]

WITHOUT_WORDS = ("actions", "context_actions", "divider", "file", "input", "button", "workflow_button", "overflow")
MENUS = ("select", "picker", "checkboxes", "radio_buttons", "confirm")
"""What the types of menus end in: their choices are nobody's words."""
TEXTS = ("mrkdwn", "plain_text", "raw_text")
INDENT, MOST_INDENTS = "    ", 8
DEEPEST = 12
"""Levels of a block that are read; Slack's own have four or five."""


def dicts_in(value: object) -> list[dict[str, Any]]:
    """Return the objects in a list that Slack sends; it may be null, and another app's may hold anything."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def blocks_mrkdwn(blocks: object) -> str:
    """Return what blocks say, a line or more each."""
    return "\n".join(filter(None, map(_block, dicts_in(blocks))))


def tables_mrkdwn(blocks: object) -> str:
    """Return the tables among blocks: a message's own text leaves them out."""
    return blocks_mrkdwn([block for block in dicts_in(blocks) if block.get("type") == "table"])


def mrkdwn_escaped(text: str) -> str:
    """Return text whose `&`, `<` and `>` stand for themselves in mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _block(block: Element) -> str:
    type_ = block.get("type")
    if str(type_) in WITHOUT_WORDS:
        return ""
    if type_ == "rich_text":
        return "\n".join(filter(None, map(_rich_text_part, dicts_in(block.get("elements")))))
    if type_ == "table":
        rows = block.get("rows")
        return "\n".join(map(_row, rows)) if isinstance(rows, list) else ""
    if type_ == "image":
        return _text(block.get("title")) or mrkdwn_escaped(str(block.get("alt_text") or ""))
    return "\n".join(_texts_in(block))


def _texts_in(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the text objects in a block in their order, and what rich text it holds; buttons and menus are left out."""
    if isinstance(value, list) and depth <= DEEPEST:
        for one in value:
            yield from _texts_in(one, depth + 1)
    elif isinstance(value, dict) and depth <= DEEPEST:
        yield from _texts_of(value, str(value.get("type") or ""), depth)


def _texts_of(value: Element, type_: str, depth: int) -> Iterator[str]:
    if type_ in TEXTS or (type_ == "markdown" and isinstance(value.get("text"), str)):
        yield _text(value)
    elif type_ == "rich_text":
        yield _block(value)
    elif type_ not in WITHOUT_WORDS and not type_.endswith(MENUS):
        if isinstance(value.get("text"), str):  # an object that names no type
            yield value["text"]
        for part in (part for name, part in value.items() if name != "confirm"):
            yield from _texts_in(part, depth + 1)


def _text(text: object) -> str:
    """Return a text object's words as mrkdwn."""
    if not isinstance(text, dict):
        return ""
    words = text.get("text")
    if not isinstance(words, str):
        return ""
    return mrkdwn_escaped(words) if text.get("type") in ("raw_text", "markdown") else words


def _row(cells: object) -> str:
    """Return a table's row in Markdown's form."""
    texts = [_cell(cell) for cell in cells] if isinstance(cells, list) else []
    return f"| {' | '.join(texts)} |"


def _cell(cell: object) -> str:
    if not isinstance(cell, dict):
        return ""
    words = _block(cell) if cell.get("type") == "rich_text" else _text(cell)
    return " ".join(words.split())


def _rich_text_part(part: Element) -> str:
    write = _PARTS.get(str(part.get("type")))
    return write(part) if write else "\n".join(_texts_in(dict(part)))


def _section(part: Element) -> str:
    return "".join(map(_inline, dicts_in(part.get("elements")))).strip("\n")


def _list(part: Element) -> str:
    indent, begin = INDENT * min(_number(part.get("indent")), MOST_INDENTS), _number(part.get("offset")) + 1
    is_ordered = part.get("style") == "ordered"
    items = [_section(element) for element in dicts_in(part.get("elements"))]
    marks = [f"{number}." if is_ordered else "•" for number in range(begin, begin + len(items))]
    return "\n".join(f"{indent}{mark} {item}" for mark, item in zip(marks, items, strict=True))


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _quote(part: Element) -> str:
    return "\n".join(f"&gt; {line}" for line in _section(part).split("\n"))


def _preformatted(part: Element) -> str:
    return f"```\n{_section(part)}\n```"


_PARTS: dict[str, Callable[[Element], str]] = {
    "rich_text_section": _section,
    "rich_text_list": _list,
    "rich_text_quote": _quote,
    "rich_text_preformatted": _preformatted,
}


def _inline(element: Element) -> str:
    write = _INLINE.get(str(element.get("type")))
    return write(element) if write else mrkdwn_escaped(str(element.get("text") or element.get("fallback") or ""))


def _link(element: Element) -> str:
    url, label = str(element.get("url") or ""), str(element.get("text") or "")
    address = mrkdwn_escaped(url).replace("|", "%7C")
    return f"<{address}|{mrkdwn_escaped(label)}>" if label and label != url else f"<{address}>"


_INLINE: dict[str, Callable[[Element], str]] = {
    "link": _link,
    "user": lambda element: f"<@{element.get('user_id')}>",
    "usergroup": lambda element: f"<!subteam^{element.get('usergroup_id')}>",
    "channel": lambda element: f"<#{element.get('channel_id')}>",
    "broadcast": lambda element: f"<!{element.get('range')}>",
    "emoji": lambda element: f":{element.get('name')}:",
}
