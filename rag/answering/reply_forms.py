"""Reply forms: what models write beside their answer, which is not for the asker.

The prompt's own tags, the list of sources at the end, the mark that the docs lack it, the instructions, and what is
said over and over. Reasoning and template tokens are told apart before (rag.text.chat_markup).
"""

from __future__ import annotations

import re
from functools import lru_cache

from rag.answering.prompt import INSTRUCTIONS, NOT_IN_DOCS

RUN = 10
"""So many of the instructions' words in a row no answer on Milvus has by chance."""
LONGEST_CYCLE, REPEATS = 60, 8
"""A reply whose last words, up to so many, stand there so often one after the other goes round in circles."""
LEAST_LOOPED = 12
"""Words that the repetitions must come to: "no, no, no" is none."""
_WORD = re.compile(r"\w+")
_PASSAGE = re.compile(r"<passage\b[^<>]*(?:>.*?(?:</passage\s*>|\Z)|\Z)\s*", re.DOTALL | re.IGNORECASE)
_OUR_TAGS = r"(?:context|passage|history|turn|question|answer|post)"
_TAG = re.compile(rf"</?{_OUR_TAGS}\b[^<>\n]*>[ \t]*\n?", re.IGNORECASE)
_OPEN_TAG = re.compile(rf"</?[a-z]{{0,8}}\Z|</?{_OUR_TAGS}\b[^<>\n]*\Z", re.IGNORECASE)
_SOURCES = (
    r"[ \t>#*_-]*(?:sources?|references?|citations?|passages? used|quellen|fuentes|références|fontes|来源"
    r"|参考(?:资料|文献)?|出典|المصادر)[ \t*_]*"
)
_SOURCE_LINE = re.compile(rf"{_SOURCES}(?:[:\uff1a].*)?", re.IGNORECASE)
_LIST_LINE = re.compile(r"[ \t]*(?:(?:[-*+\u2022]|\[?\^?\d+[\].):]|https?:).*)?")
_SOURCE_HEADING = re.compile(rf"\n{_SOURCES}(?:[:\uff1a][\s\S]*|\n[\s\S]*)?\Z", re.IGNORECASE)
_MAY_BE_HEADING = re.compile(r"\n[ \t>#*_-]*\w{0,12}\Z")
_MARK = re.compile(
    rf"[*_`\"'(\[<]*(?:\b{NOT_IN_DOCS}\b|(?i:\bnot_in_docs\b)|\bNOT[ -]IN[ -]DOCS\b)[*_`\"')\]>]*"
    r"[ \t]*[.:,;\u3002\uff1a-]*[ \t]*"
)
_MAY_BE_MARK = re.compile(
    r"[*_`\"'(\[<]*\b(?:N|NO|NOT|NOT[_ -](?:I(?:N(?:[_ -](?:D(?:O(?:C(?:S)?)?)?)?)?)?)?)\Z", re.IGNORECASE
)


def told(reply: str) -> str:
    """Return what of a whole reply is told to the asker, the mark that the docs lack it still in it."""
    return _without_sources(_without_tags(reply)).strip()


def certain(reply: str) -> str:
    """Return what of a reply that grows is told for certain: no tag, mark or list of sources can still become of it."""
    text = _without_tags(reply)
    for unsure in (_SOURCE_HEADING, _OPEN_TAG, _MAY_BE_HEADING, _MAY_BE_MARK):
        text = unsure.sub("", text)
    mark = _MARK.search(text)
    return (text[: mark.start()] if mark else text).lstrip()


def split_at_mark(text: str) -> tuple[str, str] | None:
    """Return what stands before and behind the mark that the docs lack it, None where there is no mark."""
    mark = _MARK.search(text)
    return (text[: mark.start()].strip(), _MARK.sub("", text[mark.end() :]).strip()) if mark else None


def _without_sources(text: str) -> str:
    """Return the text without a list of sources at its end."""
    lines = text.rstrip().split("\n")
    for at in range(len(lines) - 1, -1, -1):
        if _SOURCE_LINE.fullmatch(lines[at]):
            return "\n".join(lines[:at])
        if not _LIST_LINE.fullmatch(lines[at]):
            break
    return text


def _without_tags(reply: str) -> str:
    return _TAG.sub("", _PASSAGE.sub("", reply))


def loop_begins(reply: str) -> int | None:
    """Return where a reply that goes round in circles begins its second round, None for one that does not."""
    words = reply.split()[:-1]  # the last one may still grow
    for cycle in range(1, min(LONGEST_CYCLE, len(words) // REPEATS) + 1):
        rounds, last = max(REPEATS, -(-LEAST_LOOPED // cycle)), words[-cycle:]
        if words[-2 * cycle : -cycle] != last or words[-rounds * cycle :] != last * rounds:
            continue
        if any(_WORD.search(word) and not word.isdigit() for word in last):
            begin = len(words) - cycle
            while begin and words[begin - 1] == words[begin - 1 + cycle]:
                begin -= 1
            return [match.start() for match in re.finditer(r"\S+", reply)][begin + cycle]
    return None


def repeats_instructions(reply: str) -> bool:
    """Tell whether a reply holds RUN neighbouring words of the instructions."""
    return not _runs(reply).isdisjoint(_instructed())


@lru_cache(maxsize=1)
def _instructed() -> frozenset[tuple[str, ...]]:
    return frozenset(_runs(INSTRUCTIONS))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}
