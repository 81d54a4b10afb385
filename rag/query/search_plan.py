"""The search plan: what a question is searched for by, its misspelt words corrected, synonyms beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from rag.query.post import read_post, without_author
from rag.query.synonyms import synonyms_for
from rag.text.language import is_foreign
from rag.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rag.domain import Question
    from rag.query.spelling import Speller
    from rag.text.vocabulary import Vocabulary


SYNONYM_WEIGHT = 0.2
"""What a synonym counts against one of the question's own."""
FOLLOW_UPS_FILE = "follow_ups.yaml"
LONGEST_FOLLOW_UP = 60
MOST_WORDS = 7
_WORD = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?")  # noqa: RUF001
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """What is searched for.

    `text` and `expanded` are embedded (the second has the docs' words behind it), `terms` are `text`'s in their order,
    `weights` say what each term counts: its rarity, less for a synonym.
    """

    text: str
    expanded: str
    terms: tuple[str, ...]
    weights: Mapping[str, float]


def search_text(question: Question) -> str:
    """Return the question behind the user's previous turn, where there is one.

    A follow-up names its subject in the turn before: hit@3 on follow-ups goes from .27 to .77 with it.
    """
    earlier = [message.text for message in question.history if message.role == "user"]
    return "\n".join([*earlier[-1:], without_author(question.text)])


def refers_to_nothing(question: Question) -> bool:
    """Tell a follow-up, short and without a subject of its own, that has nothing before it."""
    text = _AROUND.sub("", question.text.lower())
    words = _WORD.findall(text)
    if question.history or not words or len(text) > LONGEST_FOLLOW_UP:
        return False
    follow_ups = _follow_ups()
    if text in follow_ups["texts"] or follow_ups["words"].issuperset(words):
        return True
    begins_so, has_verb = follow_ups["begins"].match(text), follow_ups["verbs"].search(text)
    return len(words) <= MOST_WORDS and bool(begins_so) and not has_verb


@cache
def _follow_ups() -> dict[str, Any]:
    parts = yaml.safe_load((files("rag.query") / FOLLOW_UPS_FILE).read_text(encoding="utf-8"))
    return {
        "words": frozenset(word for words in parts["words"].values() for word in words.split()),
        "texts": frozenset(parts["texts"]),
        "begins": re.compile("|".join(parts["begins"])),
        "verbs": re.compile(parts["verbs"]),
    }


def make_search_plans(
    question: Question, *, vocabulary: Vocabulary, speller: Speller, english: str = ""
) -> tuple[SearchPlan, ...]:
    """Return what to search for in a collection with that vocabulary: the whole question, then its parts.

    A plain question has none. A headline and error lines find what the whole drowns in its own words. `english` is what
    stands in the place of whole and headline where those are in another language.
    """
    post = read_post(without_author(question.text))
    headline = post.headline if post and not english else ""
    parts = (headline, "\n".join(post.errors)) if post else ()
    texts = dict.fromkeys((english or search_text(question), *filter(None, parts)))
    return tuple(
        make_search_plan(text, vocabulary=vocabulary, speller=speller, is_post=post is not None) for text in texts
    )


def make_search_plan(text: str, *, vocabulary: Vocabulary, speller: Speller, is_post: bool = False) -> SearchPlan:
    """Return what to search for by this text; a post says so much that the docs' words behind it gain nothing."""
    if not is_foreign(text):
        text = speller.correct(text)
    added = "" if is_post else synonyms_for(text)
    own = tuple(terms(text))
    weights = {term: vocabulary.rarity(term) for term in own}
    for term in terms(added):
        weights.setdefault(term, SYNONYM_WEIGHT * vocabulary.rarity(term) if term in vocabulary.term_counts else 0.0)
    return SearchPlan(text=text, expanded=f"{text} ({added})" if added else text, terms=own, weights=weights)
