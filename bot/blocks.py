"""This file is where an Answer becomes Slack messages: markdown blocks for the text, rich text for the citations.

Nothing is cut: what does not fit into one message goes on in the next. Rich text shows words from documents and people
as they are, so nothing in them can ping, link or break a block; in Markdown what would ping is broken up.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from bot import wording
from bot.markdown import harmless, plain
from rag import split_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rag import Answer, Citation

Block = dict[str, Any]

MARKDOWN_CHARACTERS = 11_000
"""Slack takes 12,000 in all markdown blocks of a message together; breaking up pings may add a few."""
MESSAGE_CHARACTERS = 12_000
"""Slack refuses a message whose blocks hold about 13,200 (`msg_blocks_too_long`)."""
MESSAGE_BLOCKS = 45
"""Slack takes 50."""
FALLBACK_CHARACTERS = 3_000
"""The plain text beside the blocks: for notifications and screen readers, and what the thread is read from later."""

FEEDBACK_ACTION = "feedback"
FEEDBACK_FORM = "feedback_form"
MUTE_ACTION = "mute"
ESCALATE_ACTION = "escalate"
RESOLVE_ACTION = "resolve"
SHORT_QUESTION = 500
FORM_REASON, FORM_WORDS = "reason", "words"
FORM_CHARACTERS = 2_000
AGAIN_PREFIX = "again_"
AGAIN_ACTIONS: tuple[str, ...] = ("again_longer", "again_shorter", "again_anew")
"""Ask for the latest answer of a thread in another way; what follows the prefix is a Style of rag's."""


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """What goes into one chat.postMessage."""

    text: str
    blocks: list[Block]


def answer_messages(answer: Answer, *, question: str, more: Sequence[str] = (), remark: str = "") -> list[SlackMessage]:
    """Return the messages that hold the whole answer, with the buttons below: usually one.

    The first block is the text, or its beginning. `question` is the ts of the question's message, by which a button
    says what it is about; `more` are the actions (MUTE_ACTION and the like) that are offered besides the thumbs;
    `remark` says what a reader should know of how the answer came to stand here.
    """
    text = harmless(answer.text.strip() or wording.NOTHING_FOUND)
    blocks = [markdown_block(piece) for piece in split_markdown(text, MARKDOWN_CHARACTERS)]
    blocks += [_small_print(line) for line in (answer.notice, remark) if line]
    if answer.citations:
        title = wording.NEAREST_PAGES if answer.kind == "abstained" else wording.SOURCES
        blocks += [_small_print(title), *map(_citation_block, answer.citations)]
    blocks.append(_feedback_buttons(question))
    blocks += _more_buttons(question, more)
    return [SlackMessage(text=_fallback(group), blocks=group) for group in _packed(blocks)]


def notice_message(text: str) -> SlackMessage:
    """Return one of the bot's own sentences as a message."""
    return SlackMessage(text=_escape(text), blocks=[markdown_block(text)])


def growing_message(text: str) -> SlackMessage:
    """Return the beginning of an answer as a message; the rest comes."""
    return SlackMessage(text=_cut(text), blocks=[markdown_block(text)])


def question_message(user: str, question: str) -> SlackMessage:
    """Return the message that stands for a slash command's question in its channel."""
    section = {
        "type": "rich_text_section",
        "elements": [{"type": "user", "user_id": user}, _words(wording.ASKED), _words(question)],
    }
    text = f"<@{user}>{wording.ASKED}{_escape(question)}"[:FALLBACK_CHARACTERS]
    return SlackMessage(text=text, blocks=[{"type": "rich_text", "elements": [section]}])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plea:
    """What someone asks a person's help with: `pages` are those that the docs brought, as a reader sees them."""

    user: str
    question: str
    kind: str
    pages: Sequence[str]


def plea_message(plea: Plea, *, people: Sequence[str], ts: str) -> SlackMessage:
    """Return the message that calls people, once, with what is known so far; `ts` is the question's."""
    called = [_called(person) for person in people]
    question = shorten(plea.question, width=SHORT_QUESTION, placeholder=" …")
    told = wording.NOT_IN_THE_DOCS if plea.kind == "abstained" else wording.ANSWERED_FROM_DOCS
    found = f"{told}{'; '.join(plea.pages)}." if plea.pages else wording.NOTHING_NEAR
    words = [_words(" "), {"type": "user", "user_id": plea.user}, _words(f"{wording.ASKS_A_PERSON}{question}\n{found}")]
    text = " ".join(f"<!subteam^{person}>" if person.startswith("S") else f"<@{person}>" for person in people)
    blocks = [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [*called, *words]}]},
        {"type": "actions", "elements": [_button(RESOLVE_ACTION, wording.RESOLVED, ts)]},
    ]
    return SlackMessage(text=f"{text} {_escape(question)}", blocks=blocks)


def resolved_blocks(blocks: list[Block], user: str) -> list[Block]:
    """Return a plea's blocks with who has helped in place of the button."""
    who = [_words(wording.RESOLVED_BY), {"type": "user", "user_id": user}]
    kept = [block for block in blocks if block["type"] != "actions"]
    return [*kept, {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": who}]}]


def cited_pages(messages: Iterable[SlackMessage]) -> list[str]:
    """Return the pages that an answer's citations name."""
    sections = [
        block["elements"][0]["elements"] for m in messages for block in m.blocks if block["type"] == "rich_text"
    ]
    return [str(elements[1]["text"]) for elements in sections if len(elements) > 1]


def _called(person: str) -> Block:
    is_group = person.startswith("S")
    return {"type": "usergroup", "usergroup_id": person} if is_group else {"type": "user", "user_id": person}


def markdown_block(text: str) -> Block:
    """Return a block that Slack renders as Markdown."""
    return {"type": "markdown", "text": text}


def _citation_block(citation: Citation) -> Block:
    passage = citation.passage
    label = {"type": "link", "url": passage.url, "text": passage.label} if passage.url else _words(passage.label)
    place = [_words(f"[{citation.number}] ", bold=True), label]
    if passage.edition:
        place.append(_words(f"  {passage.edition}"))
    elements: list[Block] = [{"type": "rich_text_section", "elements": place}]
    if citation.snippet:
        elements.append({"type": "rich_text_quote", "elements": [_words(citation.snippet)]})
    return {"type": "rich_text", "elements": elements}


def feedback_form(*, private_metadata: str) -> Block:
    """Return the form that asks what was wrong with an answer; Slack gives `private_metadata` back with it."""
    reasons = [{"text": _plain(text), "value": value} for value, text in wording.FEEDBACK_REASONS.items()]
    reason = {"type": "radio_buttons", "action_id": FORM_REASON, "options": reasons}
    words = {"type": "plain_text_input", "action_id": FORM_WORDS, "multiline": True, "max_length": FORM_CHARACTERS}
    return {
        "type": "modal",
        "callback_id": FEEDBACK_FORM,
        "private_metadata": private_metadata,
        "title": _plain(wording.FEEDBACK_TITLE),
        "submit": _plain(wording.FEEDBACK_SEND),
        "close": _plain(wording.FEEDBACK_CANCEL),
        "blocks": [
            _input(FORM_REASON, wording.FEEDBACK_REASON, reason),
            _input(FORM_WORDS, wording.FEEDBACK_WORDS, words),
        ],
    }


def _input(name: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": name, "label": _plain(label), "optional": True, "element": element}


def _feedback_buttons(question: str) -> Block:
    def button(text: str, *, liked: bool) -> Block:
        value = json.dumps({"question": question, "liked": liked})
        return {"text": _plain(text), "accessibility_label": text, "value": value}

    buttons = {
        "type": "feedback_buttons",
        "action_id": FEEDBACK_ACTION,
        "positive_button": button(wording.LIKED, liked=True),
        "negative_button": button(wording.DISLIKED, liked=False),
    }
    return {"type": "context_actions", "elements": [buttons]}


def _more_buttons(question: str, actions: Sequence[str]) -> list[Block]:
    labels = {ESCALATE_ACTION: wording.ASK_A_PERSON, MUTE_ACTION: wording.MUTE, **wording.AGAIN}
    buttons = [_button(action, labels[action], question) for action in actions]
    return [{"type": "actions", "elements": buttons}] if buttons else []


def without_again(messages: Sequence[SlackMessage]) -> list[SlackMessage]:
    """Return an answer's messages without the buttons that only a thread's latest answer has."""
    return [replace(message, blocks=list(filter(None, map(_without_again, message.blocks)))) for message in messages]


def _without_again(block: Block) -> Block | None:
    if block["type"] != "actions":
        return block
    kept = [element for element in block["elements"] if not element["action_id"].startswith(AGAIN_PREFIX)]
    return {**block, "elements": kept} if kept else None


def _button(action: str, text: str, value: str) -> Block:
    return {"type": "button", "action_id": action, "text": _plain(text), "value": value}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _words(text: str, *, bold: bool = False) -> Block:
    words: Block = {"type": "text", "text": plain(text)}
    return {**words, "style": {"bold": True}} if bold else words


def _small_print(text: str) -> Block:
    return {"type": "context", "elements": [_plain(text)]}


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


def _fallback(blocks: list[Block]) -> str:
    return _cut("\n\n".join(block["text"] for block in blocks if block["type"] == "markdown") or wording.SOURCES)


def _cut(text: str) -> str:
    """Return so much of it that it is not too long, once it is escaped, for chat.update."""
    cut = text[:FALLBACK_CHARACTERS]
    while len(_escape(cut)) > FALLBACK_CHARACTERS:
        cut = cut[: len(cut) * 3 // 4]
    return _escape(text if cut == text else f"{cut} …")


def _escape(text: str) -> str:
    return html.escape(text, quote=False)
