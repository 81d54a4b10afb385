"""Wording: the bot's own sentences, in the asker's language. They stand in wording.yaml."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping


FALLBACK = "en"
RefusalKind = Literal["not_a_member", "archived", "by_settings", "scope", "otherwise"]
"""Why nothing can be posted somewhere: the end of the name of what is said of it."""
LANGUAGES = ("en", "zh", "ja", "de", "fr", "es", "pt", "ar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Every sentence in one language, by its name in wording.yaml."""

    searching: str
    reading: str
    waiting: str
    sources: str
    nobody_else_sees: str
    nearest_pages: str
    deprecated_page: str
    nothing_found: str
    asked: str
    edited: str
    answered_anew: str
    answered_longer: str
    answered_shorter: str
    stopped: str
    stopped_here: str
    off_topic_orders: str
    off_topic_another_product: str
    off_topic_prices: str
    off_topic_plans: str
    off_topic_licences: str
    off_topic_comparison: str
    off_topic_nothing_near: str
    off_topic_refers_to_nothing: str
    notice_no_model: str
    notice_model_unreachable: str
    notice_shortened: str
    notice_model_slow: str
    notice_model_refuses: str
    notice_model_overloaded: str
    notice_model_broke_off: str
    notice_model_cut_short: str
    notice_model_fails: str
    notice_model_filtered: str
    notice_unmarked: str
    notice_model_looped: str
    notice_reply_unusable: str
    notice_not_held: str
    notice_sources_found: str
    notice_values_missing: str
    notice_unsupported: str
    notice_part_missing: str
    notice_version_absent: str
    notice_tokens_spent: str
    notice_own_tokens_spent: str
    again_longer: str
    again_shorter: str
    again_anew: str
    not_the_latest: str
    question_is_gone: str
    not_now: str
    ask_a_person: str
    asks_a_person: str
    answered_from_docs: str
    not_in_the_docs: str
    nothing_near: str
    resolved: str
    resolved_by: str
    asked_a_person_before: str
    can_not_ask_a_person: str
    asks_openly: str
    asked_elsewhere: str
    mute: str
    muted: str
    unmuted: str
    liked: str
    disliked: str
    feedback_title: str
    feedback_reason: str
    feedback_wrong: str
    feedback_outdated: str
    feedback_incomplete: str
    feedback_not_understood: str
    feedback_words: str
    feedback_not_kept: str
    send: str
    cancel: str
    ask_title: str
    ask_question: str
    ask_privately: str
    ask_privately_hint: str
    home_title: str
    home_docs: str
    home_docs_away: str
    home_own_docs: str
    home_recent: str
    home_nothing_asked: str
    home_examples: str
    home_asked: str
    home_privacy: str
    home_kept: str
    home_model: str
    home_no_model: str
    home_readers: str
    home_forget: str
    home_forget_confirm: str
    home_forget_yes: str
    home_forgotten: str
    home_usage: str
    home_usage_unlimited: str
    example_1: str
    example_2: str
    example_3: str
    example_4: str
    help: str
    empty_question: str
    apology: str
    docs_are_away: str
    something_is_away: str
    can_not_note: str
    can_not_note_now: str
    busy: str
    too_many_of_yours: str
    too_many_here: str
    can_not_post: str
    not_in_this_channel: str
    not_this_person: str
    not_guests: str
    not_other_organisations: str
    file_unread: str
    file_begun: str
    file_unnamed: str
    thread_unread: str
    unread_otherwise: str
    came_late: str
    replaced: str
    thinking: str
    seen_by_you_alone: str
    refused_not_a_member: str
    refused_archived: str
    refused_by_settings: str
    refused_scope: str
    refused_otherwise: str

    def refusal(self, kind: RefusalKind, *, code: str, bot_name: str) -> str:
        """Return why nothing can be posted, with Slack's word for it, and what can be done about that."""
        return self.at(f"refused_{kind}").format(name=bot_name, code=code)

    def at(self, name: str) -> str:
        """Return the sentence of a name that is put together: a notice's, a style's, an example's."""
        return str(getattr(self, name))


def wording(locale: str = FALLBACK) -> Wording:
    """Return the sentences in the language of a Slack locale (`de-DE`), English where there are none."""
    language = locale.partition("-")[0].lower()
    return _wordings()[language if language in LANGUAGES else FALLBACK]


@cache
def _wordings() -> Mapping[str, Wording]:
    text = (files("bot.text") / "wording.yaml").read_text(encoding="utf-8")
    sentences: dict[str, dict[str, str]] = yaml.safe_load(text)
    return {
        language: Wording(
            **{f.name: sentences[f.name].get(language, sentences[f.name][FALLBACK]) for f in fields(Wording)}
        )
        for language in LANGUAGES
    }
