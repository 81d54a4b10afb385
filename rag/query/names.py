"""Names: by which words a question shows that it is about Milvus, and by which that it is about another product.

They stand in milvus_words.txt and other_products.txt.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

PRODUCTS_FILE, MILVUS_FILE = "other_products.txt", "milvus_words.txt"


def is_other_product(word: str) -> bool:
    """Tell whether the word is the name of a product that is not Milvus."""
    return bool(_words(PRODUCTS_FILE).fullmatch(word))


def other_product_in(text: str) -> str:
    """Return the first such name in a text, as it stands there; "" where there is none."""
    found = _words(PRODUCTS_FILE).search(text)
    return found[0] if found else ""


def speaks_of_milvus(text: str) -> bool:
    """Tell whether a text has a word of Milvus' own trade, such as its parts, index types and companions."""
    return bool(_words(MILVUS_FILE).search(text))


@cache
def _words(file: str) -> re.Pattern[str]:
    lines = (files("rag.query") / file).read_text(encoding="utf-8").splitlines()
    words = "|".join(re.escape(line) for line in lines if line and not line.startswith("#"))
    # Scripts that write no blanks set names between their own letters: only Latin letters and digits go on a name.
    return re.compile(rf"(?<![A-Za-z0-9_./-])(?:{words})(?![A-Za-z0-9_])", re.IGNORECASE)
