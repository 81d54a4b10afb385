"""Settling: a reply's statements are checked one after the other, as they are written, and put into their final form.

Marks whose passage does not hold the statement move to the one that does; statements without one get it; a value that
no passage holds is marked in its line. What is settled stays, but for marks of what nothing holds in the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rag.checking.checker import Verdict
from rag.checking.marks import PIECES, numbers_of, split_marks, without_own_addresses
from rag.checking.statements import Piece, pieces

if TYPE_CHECKING:
    from rag.checking.checker import Checker

WARNING = "⚠️"
KEEPS = 0.5
"""Which share of the best passage's support lets a model's own mark stay."""
_ENDING = re.compile(r"[.!?:;\u3002\uff01\uff1f|*_\"')\s]*\Z")
_CERTAIN = re.compile(r"(?:`[^`\n]+`(?!`)|[^\[\u3010\uff3b<`])*")
_HELD_BACK = re.compile(
    r"[(\uff08](?=\s*(?:see\b|passage|source|ref|doc|citation|context|quelle|段落|来源|出典)|\w{0,8}\Z)|https?:"
    r"|h(?:t(?:t(?:ps?)?)?)?\Z",
    re.IGNORECASE,
)
"""What may become a mark, or an address that goes."""
_LAST_SIGNS = re.compile(r"[.!?:;,|\u3002\uff01\uff1f*_\"')\s-]+\Z")
"""What may be the end of a statement, before which its mark is put."""
_FENCE = re.compile(r"[ \t>]*(?:`{3,}|~{3,})")


@dataclass(slots=True)
class Statement:
    """A statement that was checked, where it stands in the settled pieces, and what its marks came to.

    `wrong` are the values that no passage holds and that are still shown: an address of the model's own is taken out.
    """

    at: int
    words: str
    verdict: Verdict
    marked: tuple[int, ...]
    wrong: tuple[str, ...]

    @property
    def is_held(self) -> bool:
        """Whether a passage holds it, as far as can be told."""
        return not self.wrong and self.verdict.is_unsupported is False


@dataclass(slots=True, kw_only=True)
class Settler:
    """Settles a reply that grows; `known` are addresses that the passages hold, `most` how many may be cited."""

    checker: Checker
    known: frozenset[str]
    most: int
    settled: list[str] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    cited: dict[int, None] = field(default_factory=dict)
    taken: int = 0
    model_marked: bool = False

    def show(self, text: str) -> str:
        """Return what a reader may see of a reply of which `text` has come: settled statements and the next's words."""
        self._take(text, is_whole=False)
        return "".join(self.settled) + _certain(text[self.taken :])

    def finish(self, text: str) -> None:
        """Settle the whole reply."""
        self._take(text, is_whole=True)

    def text(self) -> str:
        """Return what is settled."""
        return "".join(self.settled).strip()

    def open(self) -> list[Statement]:
        """Return the statements of which only vectors can tell whether a passage holds them."""
        return [one for one in self.statements if one.verdict.is_unsupported is None]

    def decide(self, statement: Statement, *, is_unsupported: bool) -> None:
        """Settle one that was open: what nothing holds loses its marks, what was not marked gets its best passage's."""
        statement.verdict = replace(statement.verdict, is_unsupported=is_unsupported)
        line, best = self.settled[statement.at], statement.verdict.best
        if is_unsupported:
            self.settled[statement.at] = split_marks(line)[0]
        elif not statement.marked and best is not None and self._may_cite(best + 1):
            self.settled[statement.at] = _at_end(line, f" [{best + 1}]")

    def _take(self, text: str, *, is_whole: bool) -> None:
        for piece in pieces(text[self.taken :], is_whole=is_whole):
            self.taken += len(piece.text)
            self.settled.append(self._settle(piece))

    def _settle(self, piece: Piece) -> str:
        if piece.kind == "other" or not piece.text.strip():
            return without_own_addresses(self._with_marks(piece.text, Verdict()), self.known)
        if piece.kind == "code":
            missing = self.checker.check_code(piece.text)
            self._note(piece.text, Verdict(missing=missing), (), piece.text)
            return piece.text if not missing else f"{piece.text.rstrip()}\n{WARNING}\n"
        words, _ = split_marks(piece.text)
        verdict = self.checker.check(words)
        line = without_own_addresses(self._with_marks(piece.text, verdict), self.known)
        marked = tuple(split_marks(line)[1])
        is_row = words.lstrip().startswith("|")  # where a mark would take a cell's place
        if not marked and not is_row and verdict.is_clear and self._may_cite(number := (verdict.best or 0) + 1):
            line, marked = _at_end(line, f" [{number}]"), (number,)
        wrong = self._note(words, verdict, marked, line)
        return _at_end(line, f" {WARNING}", after=True) if wrong else line

    def _note(self, words: str, verdict: Verdict, marked: tuple[int, ...], line: str) -> tuple[str, ...]:
        """Remember a statement that claims something; return its wrong values."""
        wrong = tuple(piece for piece in verdict.missing if piece in line)
        if verdict.support or verdict.missing:
            at = len(self.settled)
            self.statements.append(Statement(at=at, words=words.strip(), verdict=verdict, marked=marked, wrong=wrong))
        return wrong

    def _with_marks(self, text: str, verdict: Verdict) -> str:
        """Return the text with its marks as `[n]`: false ones gone, those of a passage that holds nothing moved."""
        given: set[int] = set()

        def written(match: re.Match[str]) -> str:
            numbers = numbers_of(match)
            if numbers is None:
                return match[0]
            self.model_marked = self.model_marked or any(0 < one <= len(self.checker.passages) for one in numbers)
            kept: list[int] = []
            for number in numbers:
                to = self._moved(number, verdict)
                if to and to not in kept and (to == number or to not in given) and self._may_cite(to):
                    kept.append(to)
            given.update(kept)
            return match["space"] + "".join(f"[{number}]" for number in kept) if kept else ""

        return PIECES.sub(written, text)

    def _moved(self, number: int, verdict: Verdict) -> int:
        if not 1 <= number <= len(self.checker.passages):
            return 0
        if verdict.best is None or not verdict.is_clear:
            return number
        keeps = verdict.support[number - 1] >= KEEPS * verdict.support[verdict.best]
        return number if keeps else verdict.best + 1

    def _may_cite(self, number: int) -> bool:
        if number not in self.cited and len(self.cited) < self.most:
            self.cited[number] = None
        return number in self.cited


def _at_end(line: str, mark: str, *, after: bool = False) -> str:
    """Return a statement with a mark at its end: before the full stop, or after it."""
    body = line.rstrip()
    ending = _ENDING.search(body)
    at = len(body) if after or ending is None else ending.start()
    return f"{body[:at]}{mark}{body[at:]}{line[len(body) :]}"


def _certain(tail: str) -> str:
    """Return what of the next statement will stay as it is: its words before a mark, open code, an address, its end."""
    if _FENCE.match(tail):
        return tail[: tail.rfind("\n") + 1]
    if tail.lstrip().startswith("|"):
        return ""
    certain = _CERTAIN.match(tail)
    shown = certain[0] if certain else ""
    held = _HELD_BACK.search(shown)
    return _LAST_SIGNS.sub("", shown[: held.start()] if held else shown)
