"""Action and callback ids. Messages in Slack hold them: they are never renamed."""

from __future__ import annotations

COMMAND = "/milvusfaq"

SHORTCUT = "ask_about_message"

FEEDBACK_ACTION = "feedback"
MUTE_ACTION = "mute"
ESCALATE_ACTION = "escalate"
ESCALATE_ELSEWHERE_ACTION = "escalate_elsewhere"
"""Calls people from where they can't be called: into a channel, once the asker agrees to be named there."""
RESOLVE_ACTION = "resolve"
REGENERATE_PREFIX = "again_"
REGENERATE_ACTIONS: tuple[str, ...] = ("again_longer", "again_shorter", "again_anew")
"""Ask for the latest answer of a thread in another way; what follows the prefix is a Style of rag's."""

FEEDBACK_FORM = "feedback_form"
FORM_REASON, FORM_WORDS = "reason", "words"
ASK_FORM = "ask_form"
FORM_QUESTION, FORM_PRIVATELY = "question", "privately"
FORGET_ACTION = "forget_me"
EXAMPLE_ACTIONS = ("example_1", "example_2", "example_3", "example_4")
