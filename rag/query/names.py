"""Other products: the names by which a question shows that it is not about Milvus. They stand in other_products.txt."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

NAMES_FILE = "other_products.txt"


def is_other_product(word: str) -> bool:
    """Tell whether the word is the name of a product that is not Milvus."""
    return bool(_names().fullmatch(word))


def other_product_in(text: str) -> str:
    """Return the first such name in a text, as it stands there; "" where there is none."""
    found = _names().search(text)
    return found[0] if found else ""


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    lines = (files("rag.query") / NAMES_FILE).read_text(encoding="utf-8").splitlines()
    names = "|".join(re.escape(line) for line in lines if line and not line.startswith("#"))
    return re.compile(rf"\b(?:{names})\b", re.IGNORECASE)
