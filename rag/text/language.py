"""Language: a question in another one than English is told from an English one."""

from __future__ import annotations

import re
from functools import lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

LANGUAGES = "en de fr es pt it nl pl tr ru uk zh ja ko ar he hi vi id".split()  # noqa: SIM905 - read as one line
_ENGLISH = re.compile(r"\b(?:the|how|what|why|which|does|are|and|my|with|this|that|should|where|not)\b", re.IGNORECASE)
MARGIN = 20.0
"""By how much (a log likelihood) another language must win. Of 170 questions the 16 that are not English win by 31 or
more; keywords and typos, which are no language at all, by 9 at most."""


def is_foreign(text: str) -> bool:
    """Tell whether the text is clearly not English."""
    return language_of(text) != "en"


def language_of(text: str) -> str:
    """Return the text's language (ISO 639-1), English unless it is clearly another one.

    A word that only English has settles it, and spares the process the 90 MB of the identifier: most never load it.
    """
    if text.isascii() and _ENGLISH.search(text):
        return "en"
    scores: dict[str, float] = dict(_identifier().rank(text))
    likeliest = max(scores, key=lambda language: scores[language])
    return likeliest if scores[likeliest] - scores["en"] > MARGIN else "en"


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(LANGUAGES)
    return identifier
