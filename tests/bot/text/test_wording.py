"""Wording: each sentence stands in every language, with the same gaps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.playground.limits import refused_view
from bot.rendering.action_ids import EXAMPLE_ACTIONS
from bot.rendering.forms import ask_form, feedback_form
from bot.rendering.home_tab import HomePage, Privacy, TokenUsage, home_view, prompts
from bot.text import wording as wording_module
from bot.text.wording import LANGUAGES, wording
from rag import Docs

SENTENCES = yaml.safe_load(Path(wording_module.__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
BUTTONS = ("again_longer", "again_shorter", "again_anew", "ask_a_person", "mute", "liked", "disliked", "resolved")


def placeholders(sentence: str) -> list[str]:
    return sorted(re.findall(r"\{[^}]*\}", sentence))


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_stands_in_every_language_and_what_is_filled_in_is_the_same(name: str) -> None:
    sentences = SENTENCES[name]
    assert tuple(sentences) == LANGUAGES
    assert all(sentences.values())
    assert {language: placeholders(text) for language, text in sentences.items()} == dict.fromkeys(
        LANGUAGES, placeholders(sentences["en"])
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_every_language_slack_takes_the_forms_and_the_home_tab(language: str) -> None:
    words = wording(language)
    docs = Docs(versions=("2.4", "3.0", ""), built_at=1_700_000_000.5)
    page = HomePage(
        bot_name="milvusfaq",
        workspace="https://w.slack.com/",
        docs=docs,
        privacy=Privacy(90, "model.example"),
        usage=TokenUsage(5, 10),
        recent=[],
        asked="why?",
    )
    for view in (
        feedback_form(words, private_metadata="{}"),
        ask_form(words, "x" * 5_000, private_metadata="{}"),
        home_view(words, page, asked_in=words),
    ):
        assert refused_view(view) is None
    assert all(len(words.at(button)) <= 75 for button in (*BUTTONS, *EXAMPLE_ACTIONS))
    assert len(prompts(words, asked_in=words)) == 4
    assert len(words.ask_privately) <= 75
    assert len(words.ask_privately_hint) <= 75


def test_a_locale_that_nobody_translated_is_answered_in_english() -> None:
    assert wording("nl-NL") == wording("") == wording("en-US")
    assert wording("pt-PT") == wording("pt-BR") != wording()
