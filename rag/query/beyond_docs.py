"""Beyond the docs: prices, plans, licences and comparisons are told by their words, which stand in beyond_docs.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, cast

import yaml

from rag.query.names import other_product_in

if TYPE_CHECKING:
    from rag.domain import Passage

BeyondDocs = Literal["prices", "plans", "licences", "comparison"]

_MILVUS = re.compile(r"milvus|zilliz|\battu\b|birdwatcher|knowhere", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What tells a kind; `subject`, where there is one, has to stand there too, and nothing of `other_sense`."""

    words: re.Pattern[str]
    subject: re.Pattern[str] | None
    other_sense: re.Pattern[str]

    def match(self, text: str) -> bool:
        """Tell whether a text asks of this kind."""
        has_subject = self.subject is None or self.subject.search(text)
        return bool(self.words.search(text) and has_subject and not self.other_sense.search(text))


def beyond_docs(text: str) -> BeyondDocs | None:
    """Return what a text asks that documentation rarely tells; None for any other text."""
    return next((kind for kind in _kinds() if asks_of(kind, text)), None)


def asks_of(kind: BeyondDocs, text: str) -> bool:
    """Tell whether a text has the words of this kind; a comparison also names what Milvus is compared with."""
    return _kinds()[kind].match(text) and (kind != "comparison" or bool(other_product_in(text)))


def is_told(kind: BeyondDocs, text: str, passage: Passage) -> bool:
    """Tell whether a passage speaks of what a text of this kind asks, and of the same subject."""
    words = _kinds()[kind]
    if not words.words.search(passage.label) or (kind == "comparison" and not other_product_in(passage.label)):
        return False
    said = f"{passage.label}\n{passage.text}".lower()
    subjects = words.subject.findall(text) if words.subject else ()
    return all(subject.lower() in said for subject in subjects)


def names_milvus(text: str) -> bool:
    """Tell whether a text names Milvus, or one of its tools."""
    return bool(_MILVUS.search(text))


@cache
def _kinds() -> dict[BeyondDocs, _Words]:
    kinds = yaml.safe_load((files("rag.query") / "beyond_docs.yaml").read_text(encoding="utf-8"))
    return {
        cast("BeyondDocs", kind): _Words(
            words=_any(parts["words"]),
            subject=_any(parts["subject"]) if "subject" in parts else None,
            other_sense=_any(parts["not"]),
        )
        for kind, parts in kinds.items()
    }


def _any(expressions: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in expressions), re.IGNORECASE)
