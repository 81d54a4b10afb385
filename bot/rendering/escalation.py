"""The message that calls a person, with what is known so far."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from bot.domain import Block, SlackMessage
from bot.rendering.action_ids import RESOLVE_ACTION
from bot.rendering.blocks import SHORT_QUESTION, button, text_element
from bot.text.markdown import escaped, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.text.wording import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationDetails:
    """What someone asks a person's help with: `pages` are those that the docs brought, as a reader sees them.

    `kind` is the answer's, "" where a person was wanted at once.
    """

    user: str
    question: str
    kind: str
    pages: Sequence[str]


def escalation_message(
    details: EscalationDetails, words: Wording, *, called: Sequence[str], about: str
) -> SlackMessage:
    """Return the message that calls people, once, with what is known so far; `about` tells its button the question."""
    question, pages = shorten(details.question, width=SHORT_QUESTION, placeholder=" …"), "; ".join(details.pages)
    told = words.not_in_the_docs if details.kind == "abstained" else words.answered_from_docs
    found = told.format(pages=pages) if pages else words.nothing_near
    asks = words.asks_a_person.format(question=question) + (f"\n{found}" if details.kind else "")
    elements = [*map(_called, called), text_element(" "), {"type": "user", "user_id": details.user}, text_element(asks)]
    text = " ".join(f"<!subteam^{person}>" if person.startswith("S") else f"<@{person}>" for person in called)
    blocks = [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]},
        {"type": "actions", "elements": [button(RESOLVE_ACTION, words.resolved, about)]},
    ]
    return SlackMessage(text=f"{text} <@{details.user}>{escaped(plain(asks))}", blocks=blocks)


def resolved_blocks(blocks: list[Block], user: str, words: Wording) -> list[Block]:
    """Return that message's blocks with who has helped in place of the button."""
    who = [text_element(words.resolved_by), {"type": "user", "user_id": user}]
    kept = [block for block in blocks if block["type"] != "actions"]
    return [*kept, {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": who}]}]


def cited_pages(messages: Iterable[SlackMessage]) -> list[str]:
    """Return the pages that an answer's citations name."""
    return [label for label, _ in cited_sections(messages)]


def cited_sections(messages: Iterable[SlackMessage]) -> list[tuple[str, str]]:
    """Return label and address ("" for none) of what an answer's citations name."""
    sections = [
        block["elements"][0]["elements"] for m in messages for block in m.blocks if block["type"] == "rich_text"
    ]
    cited = [elements[1] for elements in sections if elements[0].get("style")]  # a number in bold
    return [(str(element["text"]), str(element.get("url") or "")) for element in cited]


def _called(person: str) -> Block:
    is_group = person.startswith("S")
    return {"type": "usergroup", "usergroup_id": person} if is_group else {"type": "user", "user_id": person}
