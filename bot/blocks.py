"""This file is where an Answer becomes Slack messages: markdown blocks for the text, rich text for the citations.

Nothing is cut: what does not fit into one message goes on in the next. Rich text shows words from documents and people
as they are, so nothing in them can ping, link or break a block; in Markdown what would ping is broken up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from bot.markdown import as_mrkdwn, escaped, harmless, plain
from rag import split_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.wording import Wording
    from rag import Answer, Citation, Notice

Block = dict[str, Any]

MARKDOWN_CHARACTERS = 11_000
"""Slack takes 12,000 in all markdown blocks of a message together; breaking up pings may add a few."""
MESSAGE_CHARACTERS = 12_000
"""Slack refuses a message whose blocks hold about 13,200 (`msg_blocks_too_long`)."""
SECTION_CHARACTERS = 2_000
"""Slack takes 3,000, once what is special to it is escaped."""
MESSAGE_BLOCKS = 45
"""Slack takes 50."""
FALLBACK_CHARACTERS = 3_000
"""The plain text beside the blocks: for notifications and screen readers, and what the thread is read from later."""

FEEDBACK_ACTION = "feedback"
MUTE_ACTION = "mute"
ESCALATE_ACTION = "escalate"
ESCALATE_ELSEWHERE_ACTION = "escalate_elsewhere"
"""Calls people from where they can't be called: into a channel, once the asker agrees to be named there."""
RESOLVE_ACTION = "resolve"
SHORT_QUESTION = 500
AGAIN_PREFIX = "again_"
AGAIN_ACTIONS: tuple[str, ...] = ("again_longer", "again_shorter", "again_anew")
"""Ask for the latest answer of a thread in another way; what follows the prefix is a Style of rag's."""


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """What goes into one chat.postMessage."""

    text: str
    blocks: list[Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around an answer.

    `question` is the ts of the question's message, by which a button says what it is about; `actions` (MUTE_ACTION and
    the like) are offered besides the thumbs; `remark` says how the answer came to stand here. `asker` and what was
    `asked` are named where no message of theirs stands before it.
    """

    question: str
    actions: Sequence[str] = ()
    remark: str = ""
    asker: str = ""
    asked: str = ""


def answer_messages(answer: Answer, words: Wording, frame: Frame) -> list[SlackMessage]:
    """Return the messages that hold the whole answer, with the buttons below: usually one.

    The first block is the text, or its beginning.
    """
    text = harmless(_text(answer, words).strip() or words.nothing_found)
    blocks = [markdown_block(piece) for piece in split_markdown(text, MARKDOWN_CHARACTERS)]
    blocks += [_small_print(line) for line in (*(_notice(one, words) for one in answer.notices), frame.remark) if line]
    if frame.asker:
        blocks.append(_asked_block(frame.asker, frame.asked, words))
    if answer.citations:
        title = words.nearest_pages if answer.kind == "abstained" else words.sources
        blocks += [_small_print(title), *(_citation_block(citation, words) for citation in answer.citations)]
    blocks.append(_feedback_buttons(frame.question, words))
    blocks += _more_buttons(frame, words)
    return [SlackMessage(text=_fallback(group, words), blocks=group) for group in _packed(blocks)]


def _text(answer: Answer, words: Wording) -> str:
    return words.at(f"off_topic_{answer.off_topic.replace(' ', '_')}") if answer.off_topic else answer.text


def _notice(notice: Notice, words: Wording) -> str:
    name = "stopped_here" if notice.kind == "stopped" else f"notice_{notice.kind.replace(' ', '_')}"
    return words.at(name).format(**notice.values)


def notice_message(text: str) -> SlackMessage:
    """Return one of the bot's own sentences as a message."""
    return SlackMessage(text=escaped(text), blocks=[markdown_block(text)])


def growing_message(text: str) -> SlackMessage:
    """Return the beginning of an answer as a message; the rest comes."""
    return SlackMessage(text=_cut(text), blocks=[markdown_block(text)])


def question_message(user: str, question: str, words: Wording) -> SlackMessage:
    """Return the message that stands for a question that was asked without one, in its channel."""
    text = words.asked.format(user=f"<@{user}>", question=escaped(question))[:FALLBACK_CHARACTERS]
    return SlackMessage(text=text, blocks=[_asked_block(user, question, words)])


def _asked_block(user: str, question: str, words: Wording) -> Block:
    """Return who asked what, people as Slack shows them, words as they are."""
    before, _, rest = words.asked.partition("{user}")
    between, _, after = rest.partition("{question}")
    parts = [_words(before), {"type": "user", "user_id": user}, _words(between), _words(question), _words(after)]
    elements = [part for part in parts if part.get("text") != ""]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plea:
    """What someone asks a person's help with: `pages` are those that the docs brought, as a reader sees them."""

    user: str
    question: str
    kind: str
    pages: Sequence[str]


def plea_message(plea: Plea, words: Wording, *, called: Sequence[str], about: str) -> SlackMessage:
    """Return the message that calls people, once, with what is known so far; `about` tells its button the question."""
    question, pages = shorten(plea.question, width=SHORT_QUESTION, placeholder=" …"), "; ".join(plea.pages)
    told = words.not_in_the_docs if plea.kind == "abstained" else words.answered_from_docs
    found = told.format(pages=pages) if pages else words.nothing_near
    asks = f"{words.asks_a_person.format(question=question)}\n{found}"
    elements = [*map(_called, called), _words(" "), {"type": "user", "user_id": plea.user}, _words(asks)]
    text = " ".join(f"<!subteam^{person}>" if person.startswith("S") else f"<@{person}>" for person in called)
    blocks = [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]},
        {"type": "actions", "elements": [button(RESOLVE_ACTION, words.resolved, about)]},
    ]
    return SlackMessage(text=f"{text} <@{plea.user}>{escaped(plain(asks))}", blocks=blocks)


def resolved_blocks(blocks: list[Block], user: str, words: Wording) -> list[Block]:
    """Return a plea's blocks with who has helped in place of the button."""
    who = [_words(words.resolved_by), {"type": "user", "user_id": user}]
    kept = [block for block in blocks if block["type"] != "actions"]
    return [*kept, {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": who}]}]


def cited_pages(messages: Iterable[SlackMessage]) -> list[str]:
    """Return the pages that an answer's citations name."""
    sections = [
        block["elements"][0]["elements"] for m in messages for block in m.blocks if block["type"] == "rich_text"
    ]
    return [str(elements[1]["text"]) for elements in sections if elements[0].get("style")]  # a number in bold


def _called(person: str) -> Block:
    is_group = person.startswith("S")
    return {"type": "usergroup", "usergroup_id": person} if is_group else {"type": "user", "user_id": person}


def markdown_block(text: str) -> Block:
    """Return a block that Slack renders as Markdown."""
    return {"type": "markdown", "text": text}


def without_markdown(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks for where Slack takes no markdown ones (response_url), or has refused them: sections instead."""
    return [section for block in blocks for section in _as_sections(block)]


def _as_sections(block: Block) -> list[Block]:
    if block["type"] != "markdown":
        return [block]
    pieces = split_markdown(str(block["text"]), SECTION_CHARACTERS)
    return [{"type": "section", "text": {"type": "mrkdwn", "text": as_mrkdwn(piece)}} for piece in pieces]


def _citation_block(citation: Citation, words: Wording) -> Block:
    passage = citation.passage
    label = {"type": "link", "url": passage.url, "text": passage.label} if passage.url else _words(passage.label)
    place = [_words(f"[{citation.number}] ", bold=True), label]
    edition = ", ".join(filter(None, (passage.docs, words.deprecated_page if passage.deprecated else "")))
    if edition:
        place.append(_words(f"  {edition}"))
    elements: list[Block] = [{"type": "rich_text_section", "elements": place}]
    if citation.snippet:
        elements.append({"type": "rich_text_quote", "elements": [_words(citation.snippet)]})
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


def _more_buttons(frame: Frame, words: Wording) -> list[Block]:
    labels = {
        ESCALATE_ACTION: words.ask_a_person,
        ESCALATE_ELSEWHERE_ACTION: words.ask_a_person,
        MUTE_ACTION: words.mute,
    }
    labels |= {action: words.at(action) for action in AGAIN_ACTIONS}
    buttons = [button(action, labels[action], frame.question) for action in frame.actions]
    for one in buttons:
        if one["action_id"] == ESCALATE_ELSEWHERE_ACTION:
            one["confirm"] = {
                "title": plain_text(words.ask_a_person),
                "text": plain_text(words.asks_openly),
                "confirm": plain_text(words.send),
                "deny": plain_text(words.cancel),
            }
    return [{"type": "actions", "elements": buttons}] if buttons else []


def without_again(messages: Sequence[SlackMessage]) -> list[SlackMessage]:
    """Return an answer's messages without the buttons that only a thread's latest answer has."""
    return [replace(message, blocks=list(filter(None, map(_without_again, message.blocks)))) for message in messages]


def _without_again(block: Block) -> Block | None:
    if block["type"] != "actions":
        return block
    kept = [element for element in block["elements"] if not element["action_id"].startswith(AGAIN_PREFIX)]
    return {**block, "elements": kept} if kept else None


def button(action: str, text: str, value: str) -> Block:
    """Return a button that brings its action and value when it is pressed."""
    return {"type": "button", "action_id": action, "text": plain_text(text), "value": value}


def plain_text(text: str) -> Block:
    """Return words in which nothing is marked up."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _words(text: str, *, bold: bool = False) -> Block:
    words: Block = {"type": "text", "text": plain(text)}
    return {**words, "style": {"bold": True}} if bold else words


def _small_print(text: str) -> Block:
    return {"type": "context", "elements": [plain_text(text)]}


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
    return _cut("\n\n".join(block["text"] for block in blocks if block["type"] == "markdown") or words.sources)


def _cut(text: str) -> str:
    """Return so much of it that it is not too long, once it is escaped, for chat.update."""
    cut = text[:FALLBACK_CHARACTERS]
    while len(escaped(cut)) > FALLBACK_CHARACTERS:
        cut = cut[: len(cut) * 3 // 4]
    return escaped(text if cut == text else f"{cut} …")
