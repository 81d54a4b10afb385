"""Forms: the one below a thumbs-down, and the one of the message shortcut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.rendering.action_ids import ASK_FORM, FEEDBACK_FORM, FORM_PRIVATELY, FORM_QUESTION, FORM_REASON, FORM_WORDS
from bot.rendering.blocks import plain_text

if TYPE_CHECKING:
    from bot.domain import Block
    from bot.text.wording import Wording


FEEDBACK_REASONS = ("wrong", "outdated", "incomplete", "not understood")
FORM_CHARACTERS = 3_000


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


def _text_field(name: str) -> Block:
    return {"type": "plain_text_input", "action_id": name, "multiline": True, "max_length": FORM_CHARACTERS}


def _input(name: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": name, "label": plain_text(label), "optional": True, "element": element}
