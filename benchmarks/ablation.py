"""Ablation: each part of finding and hearing is switched off by itself, and what that changes is told set by set.

Nothing is learned anew: what each feature of the ranking is worth when it is, `make tune` tells.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.judging import hearings, turned_away
from rag.backends.milvus import MilvusStore
from rag.evaluation import DEPTH, difference
from rag.hearing import classifier, hearer
from rag.query import post, search_plan
from rag.query.spelling import Speller
from rag.retrieval import foreign, ranking, retriever, scope
from rag.retrieval.foreign import ForeignQuestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.judging import Posts
    from benchmarks.question_sets import QuestionSet
    from rag.domain import Candidate
    from rag.retrieval.retriever import HybridRetriever

    Figures = dict[str, list[float]]

LAST_PLACE = 50.0


@dataclass(frozen=True, slots=True)
class Switch:
    """A part that can be switched off: what stands where, in its place; `of` says what it takes part in."""

    name: str
    replaced: Sequence[tuple[Any, str, Any]]
    of: str = "finding"


def _without(part: str) -> Callable[[str], post.Post | None]:
    def read(text: str) -> post.Post | None:
        found = post.read_post(text)
        return replace(found, **{part: type(getattr(found, part))()}) if found else None

    return read


def _feature(name: str) -> Switch:
    weights = ranking._weights().copy()  # noqa: SLF001 - to be measured without it
    weights[ranking.FEATURES.index(name)] = 0.0
    return Switch(f"ranking: {name}", [(ranking, "_weights", lambda: weights)])


def _hearing(name: str, part: str) -> Switch:
    @cache
    def weights(head: classifier.Head) -> classifier.HearingWeights:
        found = classifier.load_weights(head)
        return replace(found, **{part: np.zeros_like(getattr(found, part))})

    return Switch(name, [(hearer, "load_weights", weights)], of="hearing")


def _nothing(_: MilvusStore, vectors: Sequence[object], **__: object) -> list[list[Candidate]]:
    return [[] for _ in vectors]


def switches() -> list[Switch]:
    """Return all that can be switched off."""
    return [
        Switch("search by meaning", [(MilvusStore, "search_dense", _nothing)]),
        Switch("search by words", [(MilvusStore, "search_sparse", _nothing)]),
        Switch("synonyms", [(search_plan, "synonyms_for", lambda _: "")]),
        Switch("spelling", [(Speller, "correct", lambda _, text: text)]),
        Switch("the turn before", [(search_plan, "search_text", lambda question: question.text)]),
        Switch("parts of a post", [(search_plan, "read_post", lambda _: None)]),
        Switch("… its headline", [(search_plan, "read_post", _without("headline"))]),
        Switch("… its error lines", [(search_plan, "read_post", _without("errors"))]),
        Switch("one passage a page", [(retriever, "one_a_page", lambda passages: passages)]),
        Switch("near duplicates left out", [(retriever, "without_duplicates", lambda found, limit: found[:limit])]),
        Switch("deprecated: no penalty", [(ranking, "DEPRECATED_PENALTY", 0.0)]),
        Switch("deprecated: last place", [(ranking, "DEPRECATED_PENALTY", LAST_PLACE)]),
        *(_feature(name) for name in ranking.FEATURES),
        Switch("other languages: dictionary", [(foreign, "translate", lambda *_: [])]),
        Switch(
            "other languages: vectors",
            [(ForeignQuestion, "nearest", lambda *_: []), (ForeignQuestion, "bonus", lambda _, of: np.zeros(len(of)))],
        ),
        Switch("turning away: other products", [(scope, "_is_about_another", lambda *_: False)], of="turning away"),
        Switch("turning away: words", [(scope, "beyond_docs", lambda _: None)], of="turning away"),
        Switch("turning away: nothing near", [(scope, "_is_near", lambda _: True)], of="turning away"),
        _hearing("hearing: vectors", "vectors"),
        _hearing("hearing: n-grams", "ngrams"),
        Switch("hearing: asking sentences alone", [(hearer, "asking_sentences", lambda _: [])], of="hearing"),
    ]


@dataclass(slots=True)
class Ablation:
    """Measures all sets, once with everything and once a switch."""

    collections: Sequence[tuple[HybridRetriever, Sequence[QuestionSet]]]
    heard: Posts
    whole: dict[str, Figures] = field(default_factory=dict)

    def measure(self, of: str) -> Figures:
        """Return 0 or 1 a row, by what is counted."""
        if of == "hearing":
            return {f"{name}: {what}": flags for name, posts in self.heard.items() for what, flags in _told(posts)}
        if of == "turning away":
            whole = self.collections[-1][0]
            held = [posts for posts in self.heard.values() if any(post.holds for post in posts)]
            return {what: flags for posts in held for what, flags in turned_away(posts, whole).items()}
        return {
            asked.name: [row.hits(opened.search_now(row.question, limit=DEPTH).passages)[0] for row in asked.rows]
            for opened, sets in self.collections
            for asked in sets
        }

    def lines(self, switch: Switch) -> Iterator[str]:
        """Yield a line of each figure that the switch changes."""
        before = self.whole.get(switch.of) or self.whole.setdefault(switch.of, self.measure(switch.of))
        with _replaced(switch.replaced):
            after = self.measure(switch.of)
        changed = {name: list(zip(flags, after[name], strict=True)) for name, flags in before.items()}
        changed = {name: pairs for name, pairs in changed.items() if any(ours != without for ours, without in pairs)}
        if not changed:
            yield f"| {switch.name} | nothing changes | |"
        for name, pairs in changed.items():
            gain, low, high = difference(pairs)
            yield f"| {switch.name} | {name} | {gain:+.3f} [{low:+.3f}, {high:+.3f}] |"


@contextmanager
def _replaced(parts: Sequence[tuple[Any, str, Any]]) -> Iterator[None]:
    """Put something else in the place of parts, for as long as this is open."""
    before = [(place, name, getattr(place, name)) for place, name, _ in parts]
    try:
        for place, name, instead in parts:
            setattr(place, name, instead)
        yield
    finally:
        for place, name, own in before:
            setattr(place, name, own)


def _told(posts: Any) -> Iterator[tuple[str, list[float]]]:
    yield from sorted(hearings(posts).items())


def ablation_lines(
    collections: Sequence[tuple[HybridRetriever, Sequence[QuestionSet]]], heard: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the lines of the table: what each part adds where it is, hit@3 for finding, the share for the others."""
    yield "\nWhat each part adds: the whole minus the whole without it\n\n| part | set | [95 %] |\n|---|---|---|"
    ablation = Ablation(collections, heard)
    for switch in switches():
        yield from ablation.lines(switch)
