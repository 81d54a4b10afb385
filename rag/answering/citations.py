"""Citations: `[n]` marks are resolved; false ones go, and each true one gets a verbatim snippet.

A number is true when a passage with that number was given to the model. Marks inside code are code (`results[0]`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.answering.prompt import NOT_IN_DOCS
from rag.domain import Answer, Citation, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.domain import Passage


SNIPPET_CHARACTERS = 240
NEAREST_PAGES = 3
UNMARKED = Notice(kind="unmarked", text="The model marked no source; these are the passages that it was given.")

# Fences and inline code, then marks: [1], [1, 2], [1-3], [^1], 【1】, with a link's target if the model made one of it.
_PIECES = re.compile(
    r"(?P<code>^ {0,3}(?P<fence>```+|~~~+)[^\n]*(?:\n(?! {0,3}(?P=fence))[^\n]*)*(?:\n[^\n]*)?"
    r"|(?P<tick>`+)[^\n]*?(?P=tick))"
    r"|(?P<space>[ \t]?)[\[【]\^?(?P<numbers>\d{1,4}(?:\s*[,;\u2013-]\s*\d{1,4})*)[\]】](?:\([^()\s]*\))?"
    r"|(?:\[(?P<words>[^\[\]\n]*)\]\()?<?(?P<address>https?://[^\s()<>\]]+)>?(?(words)\)|)",
    re.MULTILINE,
)
_ADDRESS = re.compile(r"https?://[^\s()<>\]]+")
_OPEN_ADDRESS = re.compile(r"<?h(?:t(?:t(?:p(?:s?(?::(?:/(?:/[^\s()<>]*)?)?)?)?)?)?)?$")
_LOCAL = re.compile(r"https?://(?:localhost|127\.0\.0\.1)\b")
_SENTENCE = re.compile(r"[^\s](?:[^\n.!?。！？]|[.!?](?!\s))*[.!?。！？]?")  # noqa: RUF001 - Chinese full stops on purpose
_WORD = re.compile(r"\w{3,}")


def cite(text: str, passages: Sequence[Passage], *, most: int = 100) -> Answer:
    """Return the model's reply as an answer whose every mark stands for one of its citations, `most` of them."""
    stripped = text.strip()
    if stripped.startswith(NOT_IN_DOCS):
        rest = drop_false_marks(stripped.removeprefix(NOT_IN_DOCS).lstrip(" .:\n"), passages, most=most)
        return Answer(text=rest, citations=whole_passages(passages[:NEAREST_PAGES]), kind="abstained")
    cleaned = drop_false_marks(stripped, passages, most=most)
    used = sorted({number for number, _ in _marks(cleaned)})
    if not used:
        return Answer(
            text=cleaned, citations=whole_passages(passages[:most], cleaned), kind="grounded", notices=(UNMARKED,)
        )
    citations = tuple(
        Citation(
            number=number, passage=passages[number - 1], snippet=snippet(passages[number - 1].text, near=statements)
        )
        for number in used
        for statements in [
            " ".join(_sentence_before(cleaned, end) for marked, end in _marks(cleaned) if marked == number)
        ]
    )
    return Answer(text=cleaned, citations=citations, kind="grounded")


def drop_false_marks(text: str, passages: Sequence[Passage], *, most: int = 100) -> str:
    """Return the text with every mark written as `[n]`, and what stands in no passage taken out.

    That is marks without a passage, and addresses that the model wrote of itself: a link then keeps its words. Marks of
    more than `most` passages go too, those that come last in the text.
    """
    cited: set[int] = set()

    def is_true(number: int) -> bool:
        if 1 <= number <= len(passages) and len(cited) < most:
            cited.add(number)
        return number in cited

    known = {address for passage in passages for address in (*_addresses(passage.text), passage.url)}

    def rewritten(match: re.Match[str]) -> str:
        if match["code"] is not None:
            return match[0]
        if match["address"] is not None:
            return _kept_address(match, known)
        marks = "".join(f"[{number}]" for number in _numbers(match["numbers"]) if is_true(number))
        return match["space"] + marks if marks else ""

    return _PIECES.sub(rewritten, text)


def _kept_address(match: re.Match[str], known: set[str]) -> str:
    address, words = match["address"].rstrip(".,;:!?'\"*"), match["words"]
    if address in known or _LOCAL.match(address):
        return match[0]
    return words if words is not None else match["address"][len(address) :]


def _addresses(text: str) -> list[str]:
    return [address.rstrip(".,;:!?'\"*") for address in _ADDRESS.findall(text)]


def stable_prefix(text: str, passages: Sequence[Passage], *, most: int = 100) -> str:
    """Return what a reader of a growing text may see: cleaned, and cut before a mark, link or code still open."""
    line_start = text.rfind("\n") + 1
    line = text[line_start:]
    cuts = [len(line)]
    if line.count("`") % 2:
        cuts.append(line.rfind("`"))
    opening = max(line.rfind("["), line.rfind("【"))
    if opening >= 0 and not re.search(r"[\]】](?:[^(]|\([^)]*\))", line[opening:]):
        cuts.append(opening)
    if address := _OPEN_ADDRESS.search(line):
        cuts.append(address.start())
    certain = text[: line_start + min(cuts)]
    return drop_false_marks(certain.rstrip(" \t"), passages, most=most)  # a false mark takes the space before it along


def snippet(text: str, *, near: str = "") -> str:
    """Return at most SNIPPET_CHARACTERS that stand verbatim in the text: the sentences that share most with `near`."""
    spans = [match.span() for match in _SENTENCE.finditer(text) if not text.startswith("```", match.start())]
    if not spans:
        return text[:SNIPPET_CHARACTERS].strip()
    wanted = set(_WORD.findall(near.lower()))
    windows = [_window(text, spans[number:]) for number in range(len(spans))]
    return max(windows, key=lambda window: len(wanted & set(_WORD.findall(window.lower()))))


def _window(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return as many of these sentences as fit; where the first are short and the next is long, a part of that too."""
    start = spans[0][0]
    ends = [end for _, end in spans if end - start <= SNIPPET_CHARACTERS]
    if ends and (len(ends) == len(spans) or ends[-1] - start > SNIPPET_CHARACTERS // 2):
        return text[start : ends[-1]]
    cut = text.rfind(" ", start, start + SNIPPET_CHARACTERS)
    return text[start : cut if cut > start else start + SNIPPET_CHARACTERS].strip()


def whole_passages(passages: Sequence[Passage], near: str = "") -> tuple[Citation, ...]:
    """Return a citation for each passage, with the sentences nearest to these words."""
    return tuple(
        Citation(number=number, passage=passage, snippet=snippet(passage.text, near=near))
        for number, passage in enumerate(passages, start=1)
    )


def _marks(text: str) -> Iterator[tuple[int, int]]:
    """Yield each mark's number and where in the text it begins."""
    for match in _PIECES.finditer(text):
        if match["numbers"] is not None:
            for number in _numbers(match["numbers"]):
                yield number, match.start()


def _numbers(listed: str) -> Iterator[int]:
    for part in re.split(r"\s*[,;]\s*", listed):
        first, *last = re.split(r"\s*[\u2013-]\s*", part)
        yield from range(int(first), int(last[-1] if last else first) + 1)


def _sentence_before(text: str, end: int) -> str:
    """Return the sentence that a mark at `end` closes, marks between them passed over."""
    before = re.sub(r"(?:\s|\[\d+\]|[.!?])+$", "", text[:end])
    return re.split(r"(?<=[.!?])\s|\n", before)[-1]
