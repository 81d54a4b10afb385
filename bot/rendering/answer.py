"""An answer as Slack messages: markdown blocks for the text, rich text for the citations, and the buttons."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.domain import Block, SlackMessage
from bot.rendering.action_ids import (
    ESCALATE_ACTION,
    ESCALATE_ELSEWHERE_ACTION,
    FEEDBACK_ACTION,
    MUTE_ACTION,
    REGENERATE_ACTIONS,
    REGENERATE_PREFIX,
)
from bot.rendering.blocks import (
    asked_block,
    button,
    cut_for_update,
    markdown_block,
    plain_text,
    small_print,
    text_element,
)
from bot.text.markdown import sanitize
from rag import split_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.text.wording import Wording
    from rag import Answer, Citation, Notice


MARKDOWN_CHARACTERS = 11_000
"""Slack takes 12,000 in all markdown blocks of a message together; breaking up pings may add a few."""
MESSAGE_CHARACTERS = 12_000
"""Slack refuses a message whose blocks hold about 13,200 (`msg_blocks_too_long`)."""
MESSAGE_BLOCKS = 45
"""Slack takes 50."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerContext:
    """What stands around an answer.

    `question` is the ts of the question's message, by which a button says what it is about; `actions` (MUTE_ACTION and
    the like) are offered besides the thumbs; `remarks` say what was not read, and how the answer came to stand here.
    `asker` and what was `asked` are named where no message of theirs stands before it.
    """

    question: str
    actions: Sequence[str] = ()
    remarks: Sequence[str] = ()
    asker: str = ""
    asked: str = ""


def answer_messages(answer: Answer, words: Wording, context: AnswerContext) -> list[SlackMessage]:
    """Return the messages that hold the whole answer, with the buttons below: usually one.

    The first block is the text, or its beginning.
    """
    text = sanitize(_text(answer, words).strip() or words.nothing_found)
    blocks = [markdown_block(piece) for piece in split_markdown(text, MARKDOWN_CHARACTERS)]
    blocks += [small_print(line) for line in (*(_notice(one, words) for one in answer.notices), *context.remarks)]
    if context.asker:
        blocks.append(asked_block(context.asker, context.asked, words))
    if answer.citations:
        title = words.nearest_pages if answer.kind == "abstained" else words.sources
        blocks += [small_print(title), *(_citation_block(citation, words) for citation in answer.citations)]
    blocks.append(_feedback_buttons(context.question, words))
    blocks += _more_buttons(context, words)
    return [SlackMessage(text=_fallback(group, words), blocks=group) for group in _packed(blocks)]


def _text(answer: Answer, words: Wording) -> str:
    return words.at(f"off_topic_{answer.off_topic.replace(' ', '_')}") if answer.off_topic else answer.text


def _notice(notice: Notice, words: Wording) -> str:
    name = "stopped_here" if notice.kind == "stopped" else f"notice_{notice.kind.replace(' ', '_')}"
    return words.at(name).format(**notice.values)


def _citation_block(citation: Citation, words: Wording) -> Block:
    passage = citation.passage
    label = {"type": "link", "url": passage.url, "text": passage.label} if passage.url else text_element(passage.label)
    place = [text_element(f"[{citation.number}] ", bold=True), label]
    edition = ", ".join(filter(None, (passage.docs, words.deprecated_page if passage.deprecated else "")))
    if edition:
        place.append(text_element(f"  {edition}"))
    elements: list[Block] = [{"type": "rich_text_section", "elements": place}]
    if citation.snippet:
        elements.append({"type": "rich_text_quote", "elements": [text_element(citation.snippet)]})
    return {"type": "rich_text", "elements": elements}


def _feedback_buttons(question: str, words: Wording) -> Block:
    def thumb(text: str, *, liked: bool) -> Block:
        value = json.dumps({"question": question, "liked": liked})
        return {"text": plain_text(text), "accessibility_label": text, "value": value}

    buttons = {
        "type": "feedback_buttons",
        "action_id": FEEDBACK_ACTION,
        "positive_button": thumb(words.liked, liked=True),
        "negative_button": thumb(words.disliked, liked=False),
    }
    return {"type": "context_actions", "elements": [buttons]}


def _more_buttons(context: AnswerContext, words: Wording) -> list[Block]:
    labels = {
        ESCALATE_ACTION: words.ask_a_person,
        ESCALATE_ELSEWHERE_ACTION: words.ask_a_person,
        MUTE_ACTION: words.mute,
    }
    labels |= {action: words.at(action) for action in REGENERATE_ACTIONS}
    buttons = [button(action, labels[action], context.question) for action in context.actions]
    for one in buttons:
        if one["action_id"] == ESCALATE_ELSEWHERE_ACTION:
            one["confirm"] = {
                "title": plain_text(words.ask_a_person),
                "text": plain_text(words.asks_openly),
                "confirm": plain_text(words.send),
                "deny": plain_text(words.cancel),
            }
    return [{"type": "actions", "elements": buttons}] if buttons else []


def without_regenerate_buttons(messages: Sequence[SlackMessage]) -> list[SlackMessage]:
    """Return an answer's messages without the buttons that only a thread's latest answer has."""
    return [
        replace(message, blocks=list(filter(None, map(_without_regenerate_buttons, message.blocks))))
        for message in messages
    ]


def _without_regenerate_buttons(block: Block) -> Block | None:
    if block["type"] != "actions":
        return block
    kept = [element for element in block["elements"] if not element["action_id"].startswith(REGENERATE_PREFIX)]
    return {**block, "elements": kept} if kept else None


def _packed(blocks: Iterable[Block]) -> list[list[Block]]:
    """Group blocks, in order, into messages that Slack takes."""
    groups: list[list[Block]] = []
    room = 0
    for block in blocks:
        size = _characters(block)
        if not groups or size > room or len(groups[-1]) == MESSAGE_BLOCKS:
            groups.append([])
            room = MESSAGE_CHARACTERS
        groups[-1].append(block)
        room -= size
    return groups


def _characters(value: object) -> int:
    if isinstance(value, dict):
        return sum(
            len(part) if key in {"text", "url"} and isinstance(part, str) else _characters(part)
            for key, part in value.items()
        )
    return sum(map(_characters, value)) if isinstance(value, list) else 0


def _fallback(blocks: list[Block], words: Wording) -> str:
    return cut_for_update(
        "\n\n".join(block["text"] for block in blocks if block["type"] == "markdown") or words.sources
    )
