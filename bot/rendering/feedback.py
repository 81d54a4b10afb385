"""What someone said of an answer that they disliked, for the team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain import SlackMessage
from bot.rendering.blocks import text_element
from bot.text.markdown import escaped, plain

if TYPE_CHECKING:
    from bot.domain import Block

UNQUOTED = "It was asked in private, or where that is not known: neither question nor words are quoted."


def disliked_message(chosen: str, said: str, *, asked: str, address: str) -> SlackMessage:
    """Return the message; where nothing may be quoted, `said` and `asked` are ""."""
    told = f"An answer was disliked{f' ({chosen})' if chosen else ''}."
    parts: list[Block] = [text_element(f"{told} ", bold=True)]
    if not asked:
        parts.append(text_element(UNQUOTED))
        return SlackMessage(text=f"{told} {UNQUOTED}", blocks=[_rich(_section(parts))])
    parts.append({"type": "link", "url": address, "text": plain(asked) or "…"})
    quote = {"type": "rich_text_quote", "elements": [text_element(said)]}
    return SlackMessage(text=f"{told} {escaped(plain(said))}", blocks=[_rich(_section(parts), quote)])


def _section(parts: list[Block]) -> Block:
    return {"type": "rich_text_section", "elements": parts}


def _rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}
