"""Blocks that several messages share, and the plain text beside them.

Nothing is cut: what does not fit into one message goes on in the next. Rich text shows words from documents and people
as they are, so nothing in them can ping, link or break a block; in Markdown what would ping is broken up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.domain import Block, SlackMessage
from bot.text.markdown import as_mrkdwn, escaped, plain
from rag import split_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.text.wording import Wording


SECTION_CHARACTERS, SECTION_LIMIT = 2_000, 3_000
"""Of Markdown, and what Slack takes once it is mrkdwn and escaped."""
SHORTEST_PIECE = 250
FALLBACK_CHARACTERS = 3_000
"""The plain text beside the blocks: for notifications and screen readers, and what the thread is read from later."""
SHORT_QUESTION = 500


def notice_message(text: str) -> SlackMessage:
    """Return one of the bot's own sentences as a message."""
    return SlackMessage(text=escaped(text), blocks=[markdown_block(text)])


def mrkdwn_message(text: str) -> SlackMessage:
    """Return a sentence that names channels or people, as Slack shows those."""
    return SlackMessage(text=text, blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": text}}])


def growing_message(text: str) -> SlackMessage:
    """Return the beginning of an answer as a message; the rest comes."""
    return SlackMessage(text=cut_for_update(text), blocks=[markdown_block(text)])


def question_message(user: str, question: str, words: Wording) -> SlackMessage:
    """Return the message that stands for a question that was asked without one, in its channel."""
    text = words.asked.format(user=f"<@{user}>", question=escaped(question))[:FALLBACK_CHARACTERS]
    return SlackMessage(text=text, blocks=[asked_block(user, question, words)])


def asked_block(user: str, question: str, words: Wording) -> Block:
    """Return who asked what, people as Slack shows them, words as they are."""
    before, _, rest = words.asked.partition("{user}")
    between, _, after = rest.partition("{question}")
    parts = [
        text_element(before),
        {"type": "user", "user_id": user},
        text_element(between),
        text_element(question),
        text_element(after),
    ]
    elements = [part for part in parts if part.get("text") != ""]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def asked_in(message: Mapping[str, Any]) -> str:
    """Return the question that a `question_message` shows, "" where it shows none."""
    sections = [part for block in message.get("blocks") or () for part in block.get("elements") or ()]
    texts = [element.get("text") or "" for section in sections for element in section.get("elements") or ()]
    return str(texts[-1]) if texts else ""


def markdown_block(text: str) -> Block:
    """Return a block that Slack renders as Markdown."""
    return {"type": "markdown", "text": text}


def without_markdown(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks for where Slack takes no markdown ones (response_url), or has refused them: sections instead."""
    return [section for block in blocks for section in _as_sections(block)]


def text_message(message: SlackMessage) -> SlackMessage:
    """Return a message as text alone, for where Slack takes none of its blocks: all of its words, no buttons."""
    sections = without_markdown([block for block in message.blocks if block["type"] != "actions"])
    lines = [line for block in sections if (line := "".join(_texts(block)))]
    return SlackMessage(text="\n\n".join(lines) or message.text, blocks=[])


def _texts(block: Block) -> Iterator[str]:
    """Yield a block's words in order, as mrkdwn."""
    if "elements" in block:
        for element in block["elements"]:
            yield from _texts(element)
    elif isinstance(block.get("text"), dict):
        yield from _texts(block["text"])
    elif block["type"] == "link":
        yield f"<{block['url']}|{escaped(block['text'])}>"
    elif block["type"] == "user":
        yield f"<@{block['user_id']}>"
    elif isinstance(block.get("text"), str):
        yield block["text"] if block["type"] == "mrkdwn" else escaped(block["text"])


def _as_sections(block: Block) -> list[Block]:
    if block["type"] != "markdown":
        return [block]
    pieces = _short_pieces(str(block["text"]), SECTION_CHARACTERS)
    return [{"type": "section", "text": {"type": "mrkdwn", "text": piece}} for piece in pieces]


def _short_pieces(text: str, characters: int) -> Iterator[str]:
    """Yield Markdown as mrkdwn in pieces that Slack takes: it counts what is escaped (`&amp;` is five)."""
    for piece in split_markdown(text, characters):
        shown = as_mrkdwn(piece)
        if len(shown) <= SECTION_LIMIT or characters <= SHORTEST_PIECE:
            yield shown
        else:
            yield from _short_pieces(piece, characters // 2)


def button(action: str, text: str, value: str) -> Block:
    """Return a button that brings its action and value when it is pressed."""
    return {"type": "button", "action_id": action, "text": plain_text(text), "value": value}


def plain_text(text: str) -> Block:
    """Return words in which nothing is marked up."""
    return {"type": "plain_text", "text": text, "emoji": False}


def text_element(text: str, *, bold: bool = False) -> Block:
    """Return words as they are, for a rich text."""
    words: Block = {"type": "text", "text": plain(text)}
    return {**words, "style": {"bold": True}} if bold else words


def small_print(text: str) -> Block:
    """Return words in small print."""
    return {"type": "context", "elements": [plain_text(text)]}


def cut_for_update(text: str) -> str:
    """Return so much of it that it is not too long, once it is escaped, for chat.update."""
    cut = text[:FALLBACK_CHARACTERS]
    while len(escaped(cut)) > FALLBACK_CHARACTERS:
        cut = cut[: len(cut) * 3 // 4]
    return escaped(text if cut == text else f"{cut} …")
