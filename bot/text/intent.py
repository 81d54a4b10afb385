"""Intent: what a message wants, told from its words, in the languages that the bot itself speaks.

In a thread, where people talk to each other, only what can hardly be meant otherwise is a question. How people ask
stands in intent.yaml. What a post at the top of a support channel wants, rag.hearing tells.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

SmallTalk = Literal["thanks", "hello", "mute", "unmute"]
"""What is no question, yet meant for the bot; hello asks what it can do."""
Part = Literal["greetings", "joins", "begins", "ends", "person"] | SmallTalk

SMALL_TALK: tuple[SmallTalk, ...] = ("thanks", "hello", "mute", "unmute")

_CODE_AND_LINKS = re.compile(r"```.*?```|`[^`]*`|https?://\S+", re.DOTALL)
_QUESTION_MARK = re.compile(r"[?？؟]")  # noqa: RUF001 - Chinese and Arabic question marks on purpose
_SENTENCE_END = re.compile(r"(?<=[.!;:])\s+|(?<=[。！；])|\n+")  # noqa: RUF001
_AROUND = re.compile(r"^[\s.!?]+|(?:[\s.,!?…。！？؟~]|:[a-z0-9_+-]+:|[\u2600-\u27bf\U0001f300-\U0001faff])+$")  # noqa: RUF001
_NAMED = r"(?:@\w+\s*)*"
_PAUSE = r"[\s,.!:，、،\u2013\u2014-]*"  # noqa: RUF001


def is_question(text: str) -> bool:
    """Tell a question from a remark: a question mark outside links and code, or a sentence that is none without it."""
    prose = _prose(text)
    if _QUESTION_MARK.search(prose):
        return bool(re.search(r"\w", prose))
    return any(_pattern("begins").match(one) or _pattern("ends").search(one) for one in _sentences(text))


def may_want_person(text: str) -> bool:
    """Tell whether words speak of a person who is to help: far more do than want one."""
    return _pattern("person").search(text) is not None


def small_talk(text: str) -> SmallTalk | None:
    """Return what kind of small talk a whole message is; None for one that is none."""
    said = _AROUND.sub("", text)
    return next((kind for kind in SMALL_TALK if _pattern(kind).fullmatch(said)), None)


def _prose(text: str) -> str:
    return _CODE_AND_LINKS.sub(" ", text).strip()


def _sentences(text: str) -> list[str]:
    """Return the sentences without what only leads to them."""
    sentences = map(str.strip, _SENTENCE_END.split(_prose(text)))
    return [_lead().sub("", sentence, count=1) for sentence in sentences if sentence]


@cache
def _lead() -> re.Pattern[str]:
    greetings, joins = _pattern("greetings").pattern, _pattern("joins").pattern
    return re.compile(rf"^{_NAMED}(?:(?:{greetings})\b)?{_PAUSE}(?:(?:{joins})\b[\s,]*)*", re.IGNORECASE)


@cache
def _pattern(part: Part) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in _expressions()[part]), re.IGNORECASE)


@cache
def _expressions() -> dict[str, list[str]]:
    text = (files("bot.text") / "intent.yaml").read_text(encoding="utf-8")
    parts: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return {part: [one for ones in languages.values() for one in ones] for part, languages in parts.items()}
