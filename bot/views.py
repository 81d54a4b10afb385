"""This file is where forms and the home tab are laid out; pure."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from bot.addresses import message_address
from bot.blocks import button, plain_text
from bot.markdown import escaped, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.blocks import Block
    from bot.ledger import Asked
    from bot.wording import Wording
    from rag import Docs

FEEDBACK_FORM = "feedback_form"
FORM_REASON, FORM_WORDS = "reason", "words"
FEEDBACK_REASONS = ("wrong", "outdated", "incomplete", "not understood")
ASK_FORM = "ask_form"
FORM_QUESTION, FORM_PRIVATELY = "question", "privately"
EXAMPLE_ACTIONS = ("example_1", "example_2", "example_3", "example_4")
FORM_CHARACTERS = 3_000
SHORT_QUESTION = 150


def feedback_form(words: Wording, *, private_metadata: str) -> Block:
    """Return the form that asks what was wrong with an answer; Slack gives `private_metadata` back with it."""
    labels = {reason: words.at(f"feedback_{reason.replace(' ', '_')}") for reason in FEEDBACK_REASONS}
    options = [{"text": plain_text(label), "value": reason} for reason, label in labels.items()]
    reason = {"type": "radio_buttons", "action_id": FORM_REASON, "options": options}
    return {
        "type": "modal",
        "callback_id": FEEDBACK_FORM,
        "private_metadata": private_metadata,
        "title": plain_text(words.feedback_title),
        "submit": plain_text(words.send),
        "close": plain_text(words.cancel),
        "blocks": [
            _input(FORM_REASON, words.feedback_reason, reason),
            _input(FORM_WORDS, words.feedback_words, _text_field(FORM_WORDS)),
        ],
    }


def ask_form(words: Wording, question: str, *, private_metadata: str) -> Block:
    """Return the form in which a message's question is asked, as it stands or in other words."""
    field = _text_field(FORM_QUESTION)
    if question:
        field["initial_value"] = question[:FORM_CHARACTERS]
    option = {
        "text": plain_text(words.ask_privately),
        "description": plain_text(words.ask_privately_hint),
        "value": FORM_PRIVATELY,
    }
    privately = {"type": "checkboxes", "action_id": FORM_PRIVATELY, "options": [option]}
    return {
        "type": "modal",
        "callback_id": ASK_FORM,
        "private_metadata": private_metadata,
        "title": plain_text(words.ask_title),
        "submit": plain_text(words.send),
        "close": plain_text(words.cancel),
        "blocks": [
            {**_input(FORM_QUESTION, words.ask_question, field), "optional": False},
            _input(FORM_PRIVATELY, words.ask_privately, privately),
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """What stands on a person's home tab.

    `recent` is what they asked last, `asked` what they have just asked there, `note` what else there is to tell;
    `workspace` is the address below which messages are linked.
    """

    bot_name: str
    workspace: str
    docs: Docs | None
    recent: Sequence[Asked]
    asked: str = ""
    note: str = ""


def home_view(words: Wording, page: HomePage, *, asked_in: Wording) -> Block:
    """Return the home tab: what the bot can do, which docs it knows, what was asked last, and questions to press.

    What is pressed is asked in the language of `asked_in`.
    """
    recent = [{"type": "divider"}, _heading(words.home_recent)]
    recent += [_recent_block(asked, page.workspace) for asked in page.recent]
    if not page.recent:
        recent.append(_small_print(words.home_nothing_asked))
    examples = [button(action, words.at(action), asked_in.at(action)) for action in EXAMPLE_ACTIONS]
    asked = [_section(words.home_asked.format(question=escaped(plain(page.asked))))] if page.asked else []
    return {
        "type": "home",
        "blocks": [
            _heading(words.home_title),
            _section(words.help.format(name=escaped(page.bot_name)).replace("\n- ", "\n• ")),
            _docs_block(words, page.docs),
            _heading(words.home_examples),
            {"type": "actions", "elements": examples},
            *asked,
            *([_small_print(page.note)] if page.note else []),
            *recent,
        ],
    }


def prompts(words: Wording, *, asked_in: Wording) -> list[dict[str, str]]:
    """Return the questions that are suggested where someone begins to write to the bot, asked in a language."""
    return [{"title": words.at(action), "message": asked_in.at(action)} for action in EXAMPLE_ACTIONS]


def _docs_block(words: Wording, docs: Docs | None) -> Block:
    if docs is None:
        return _small_print(words.home_docs_away)
    names = [f"Milvus {version}" if version else words.home_own_docs for version in docs.versions]
    date = f"<!date^{int(docs.built_at)}^{{date_long}}|{int(docs.built_at)}>"
    text = words.home_docs.format(versions=", ".join(names), date=date)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _recent_block(asked: Asked, workspace: str) -> Block:
    """Return a question that was asked, linked to where it was, word for word."""
    text = plain(shorten(asked.text, SHORT_QUESTION, placeholder=" …")) or "…"
    address = message_address(workspace, asked.channel, asked.ts, thread_ts=asked.thread_ts)
    element = {"type": "link", "url": address, "text": text}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}


def _section(mrkdwn: str) -> Block:
    """Return words with marks; a home tab takes no markdown block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}}


def _heading(text: str) -> Block:
    return {"type": "header", "text": plain_text(text)}


def _small_print(text: str) -> Block:
    return {"type": "context", "elements": [plain_text(text)]}


def _text_field(name: str) -> Block:
    return {"type": "plain_text_input", "action_id": name, "multiline": True, "max_length": FORM_CHARACTERS}


def _input(name: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": name, "label": plain_text(label), "optional": True, "element": element}
