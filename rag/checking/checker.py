"""The checker: whether a passage holds a statement, and which.

Two tiers. Hard: a value of the statement (a number, a name, a command, an address) stands in no passage that holds the
rest of it. Soft: no passage seems to hold its words, nor to mean the same. What it can't see is a passage turned round:
increase for decrease, a "not" too many, two things swapped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.checking.values import COMMON, Value, is_held, values
from rag.text.language import is_foreign
from rag.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.checking.evidence import Evidence
    from rag.checking.values import Looked

HOLDS_REST = 0.6
"""Which share of the best passage's coverage another one needs, for a value in it to belong to the statement."""
REST_FOUND = 0.3
"""Where no passage holds this share of the rest, a value may stand in any."""
CLEAR = 0.3
"""Of a statement with this share of its terms in a passage, no vector is needed."""
UNSUPPORTED = 0.3
"""Mean of coverage and cosine below which no passage seems to hold a statement."""
ENOUGH_TERMS = 4
"""Of a statement with fewer, words that are in a passage by chance would tell too much, unless ALL are."""
ALL = 0.99
VALUE_WEIGHT = 0.1
NUMBERS = ("number", "version")
MOST_COUNTED = 12
_MARKUP = re.compile(
    r"<[@!#][^<>\n]*>|(?<![\w`])[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?![\w`])|^\s*(?:[-*+>]|\d+[.)])\s+", re.MULTILINE
)
_QUESTION = re.compile(r"[?\uff1f]\s*\Z")
_LEAD_IN = re.compile(r"[:\uff1a]\s*\Z")
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*(?:\(|=(?!=))")
_OWN = re.compile(r"^[ \t]*(?:(?:def|class|function|func|let|const|var)\s+(\w+)|(\w+)\s*:?=(?!=))", re.MULTILINE)
"""What code names itself: variables, functions."""
_PHATIC = re.compile(
    r"(?:(?:please )?(?:let (?:me|us) know|feel free|share|send|post|tell (?:me|us)|provide)\b"
    r"|(?:i )?hope (?:this|that|it|you|your)|here(?:'s| is| are| you)\b|below (?:is|are|you)"
    r"|th(?:at|is)(?:'s| is) an? (?:\w+ )?(?:question|idea|point|problem)"
    r"|you(?:'re| are) (?:on the right|right|welcome)|(?:good|great|fair|nice) (?:question|luck|point)"
    r"|(?:sure|of course|certainly|absolutely|thanks|thank you|sorry|i'm sorry|happy to|glad)\b"
    r"|if you (?:have|need|want|like|run into|get stuck)\b.{0,60}\b(?:ask|let me know|help|question|tell me|share)"
    r"|(?:the )?(?:following|next) (?:steps|sections?|example)|in (?:summary|short|conclusion)\W*\Z"
    r"|(?:i|we)(?:'ll| will| can)? (?:walk|guide|show|explain|help|try|look)\b)",
    re.IGNORECASE,
)
"""Openings of what claims nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found of one statement.

    `missing` are the values that no passage holds with the rest of it. `is_unsupported` tells that no passage seems to
    hold it, None that only vectors can tell. `coverage` is the share of its terms in each passage, `support` counts the
    values too, and `best` is the index of the passage with the most, None where none has any; `is_clear` tells that
    there is enough of the statement for that passage to be its source. A statement that claims nothing has none of all
    this.
    """

    missing: tuple[str, ...] = ()
    is_unsupported: bool | None = False
    coverage: tuple[float, ...] = ()
    support: tuple[float, ...] = ()
    best: int | None = None
    is_clear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """Checks statements against passages; `said` is what the asker has said, whose values need no passage."""

    passages: Sequence[Evidence]
    said: Looked

    def check(self, statement: str) -> Verdict:
        """Return what words and values tell of a statement without its marks."""
        text = _MARKUP.sub("", statement).strip()
        if claims_nothing(text):
            return Verdict()
        wanted = frozenset(terms(text))
        coverage = tuple(passage.coverage(wanted) for passage in self.passages)
        found = [value for value in values(text) if not is_held(value, self.said)]
        support = tuple(
            share + VALUE_WEIGHT * sum(is_held(value, passage.values) for value in found) / max(1, len(found))
            for share, passage in zip(coverage, self.passages, strict=True)
        )
        most, best_share = max(support, default=0.0), max(coverage, default=0.0)
        is_other_language = is_foreign(text)
        is_left_open = len(wanted) >= ENOUGH_TERMS and best_share < CLEAR and not is_other_language
        best = support.index(most) if most > 0 else None
        return Verdict(
            missing=self._missing(text, found),
            is_unsupported=None if is_left_open else False,
            coverage=coverage,
            support=support,
            best=best,
            is_clear=best is not None
            and not is_left_open
            and (is_other_language or self._tells_enough(wanted, best_share, found, self.passages[best])),
        )

    def _tells_enough(self, wanted: frozenset[str], share: float, found: Sequence[Value], passage: Evidence) -> bool:
        """Tell a statement of which so much stands in a passage that it is no chance."""
        is_whole = share >= ALL and len(wanted) > 1
        return len(wanted) >= ENOUGH_TERMS or is_whole or any(is_held(value, passage.values) for value in found)

    def check_code(self, code: str) -> tuple[str, ...]:
        """Return the calls, parameters, flags and addresses in code that no passage holds, nor the asker has said."""
        if any(_squeezed(code) in passage.values.flat for passage in self.passages):
            return ()
        own = {name for pair in _OWN.findall(code) for name in pair}
        named = [Value(name, "name") for name in dict.fromkeys(_CALLED.findall(code)) if name not in own]
        in_line = values(f"`{' '.join(code.split())}`".replace("```", " "))
        found = [*named, *(value for value in in_line if value.kind in ("flag", "address"))]
        known = [self.said, *(passage.values for passage in self.passages)]
        lacking = [value for value in found if value.text.lower() not in COMMON and len(value.text) > 1]
        return tuple(value.text for value in lacking if not any(is_held(value, one) for one in known))

    def _missing(self, text: str, found: Sequence[Value]) -> tuple[str, ...]:
        """Return what stands in no passage, and numbers that only one about something else holds."""
        for value in found:
            if value.kind in NUMBERS:
                text = text.replace(value.text, " ")
        wanted = frozenset(terms(text))
        rest = [passage.coverage(wanted) for passage in self.passages]
        most = max(rest, default=0.0)
        near = [
            one
            for one, share in zip(self.passages, rest, strict=True)
            if share >= HOLDS_REST * most or most < REST_FOUND
        ]

        def stands(value: Value) -> bool:
            return any(is_held(value, one.values) for one in (near if value.kind in NUMBERS else self.passages))

        return tuple(value.text for value in found if not stands(value))


def is_unsupported(verdict: Verdict, cosines: Sequence[float]) -> bool:
    """Tell a statement that no passage seems to hold; `cosines` are those of the nearest sentence of each passage."""
    return max(((one + two) / 2 for one, two in zip(verdict.coverage, cosines, strict=True)), default=0.0) < UNSUPPORTED


def claims_nothing(text: str) -> bool:
    """Tell a question back, a lead-in and a closing from what can be true or not."""
    bare = text.strip()
    if not re.search(r"\w", bare) or _QUESTION.search(bare):
        return True
    found = values(bare)
    if _LEAD_IN.search(bare):  # "There are 3 ways:" counts what follows
        return all(value.unit is None and (value.number or MOST_COUNTED + 1) <= MOST_COUNTED for value in found)
    return bool(_PHATIC.match(bare)) and not found


def _squeezed(code: str) -> str:
    return " ".join(re.sub(r"^[ \t>]*(?:`{3,}|~{3,}).*$", " ", code, flags=re.MULTILINE).lower().split())
