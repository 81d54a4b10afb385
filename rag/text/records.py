"""Source records: what is in the collection, where it came from, and when; kept beside its passages.

A collection that an earlier version made has none: what its passages tell is all that is known of it then.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rag.domain import Passage

SAME_TREE = 0.5
"""Which share of a source's pages must come again for another place to hold the same tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A source in the collection.

    `location` is where it came from, "" where that is not known; `at` is when it last changed, in seconds since 1970,
    0 where that is not known. `base_url` is what its pages' addresses are made of.
    """

    name: str
    kind: str = ""
    location: str = ""
    version: str = ""
    pages: int = 0
    passages: int = 0
    at: float = 0.0
    base_url: str = ""


def to_text(records: Iterable[SourceRecord]) -> str:
    """Return the records as one text, in ASCII."""
    return json.dumps([asdict(record) for record in records])


def from_text(text: str) -> list[SourceRecord]:
    """Return the records that `to_text` wrote; what a later version keeps beside is left out."""
    known = SourceRecord.__dataclass_fields__
    return [SourceRecord(**{key: value for key, value in row.items() if key in known}) for row in json.loads(text)]


def counted(records: Mapping[str, SourceRecord], places: Iterable[tuple[str, str, str]]) -> list[SourceRecord]:
    """Return a record of each source with what is known of it and what is counted.

    `places` tell of each passage its source, its path and its docs version.
    """
    pages: defaultdict[str, set[str]] = defaultdict(set)
    found: dict[str, SourceRecord] = {}
    for name, path, version in places:
        pages[name].add(path)
        before = found.get(name) or replace(records.get(name, SourceRecord(name=name)), passages=0)
        found[name] = replace(before, version=version, passages=before.passages + 1)
    return [replace(record, pages=len(pages[name])) for name, record in sorted(found.items())]


def is_same_tree(before: Iterable[tuple[str, str]], now: Sequence[Passage]) -> bool:
    """Tell whether a source holds the pages, by path and title, that one of its name held before."""
    pages, known = {(passage.path, passage.title) for passage in now}, set(before)
    return len(pages & known) >= SAME_TREE * len(known)
