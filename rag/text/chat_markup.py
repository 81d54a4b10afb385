"""Chat markup: what a model writes beside its answer, its reasoning and its template's tokens, is told apart from it.

Servers should keep both out of the content; many do not (vLLM without a reasoning parser, llama.cpp, Ollama).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.domain import Discard, Thinking

if TYPE_CHECKING:
    from collections.abc import Iterator

_REASONING = r"think|thinking|thought|reasoning|reflection"
_MARKUP = re.compile(
    rf"""
    <\|channel\|>\s*(?P<channel>\w+)[^<]*<\|message\|>   # Harmony: analysis, commentary, final
    | (?P<open><(?:{_REASONING})> | \[THINK\])
    | (?P<close></(?:{_REASONING})> | \[/THINK\])
    | (?P<end></s> | <end_of_turn> | <eos> | <\uff5cend\u2581of\u2581sentence\uff5c>
        | <\|(?:end|return|call|im_end|eot_id|eom_id|endoftext|end_of_text|end_of_turn)\|>)
    | <s> | <bos> | <\|start_header_id\|>\w*<\|end_header_id\|> | <\|begin_of_text\|>
    | (?P<start><\|(?:start|im_start)\|>\w*\n?) | <\|message\|>
    """,
    re.VERBOSE | re.IGNORECASE,
)
_UNFINISHED = re.compile(
    r"(?:<\|channel\|>[^<]{0,40}(?:<[^>]{0,12})?|<\|start_header_id\|>\w*(?:<[^>]{0,20})?|<\|(?:im_)?start\|>\w*"
    r"|<[|/\w\uff5c\u2581]{0,24}|\[/?T?H?I?N?K?)\Z",
    re.IGNORECASE,
)
"""The end of what has come so far, where it may become markup with what comes next."""


@dataclass(slots=True, kw_only=True)
class MarkupFilter:
    """Lets a reply's answer through, piece by piece.

    With `waits_for_close` the reply is taken for reasoning until its end is marked: some templates open it themselves,
    so that only the closing tag is seen. `closed_unopened` tells that this is such a reply.
    """

    waits_for_close: bool = False
    closed_unopened: bool = False
    is_reasoning: bool = False
    is_over: bool = False
    has_spoken: bool = False
    rest: str = ""
    last: str = ""
    """The character before the rest."""

    def feed(self, text: str) -> Iterator[str | Discard | Thinking]:
        """Take the next words; yield what belongs to the answer, Discard where all before was reasoning.

        Thinking tells where reasoning begins.
        """
        if self.is_over:
            return
        if self.waits_for_close and not self.rest:
            yield Thinking()
        self.rest += text
        while (found := self._next_markup()) and not self.is_over:
            before, self.rest, self.last = self.rest[: found.start()], self.rest[found.end() :], ""
            if not self.waits_for_close:
                yield from self._said(before)
            yield from self._on_markup(found)
        unfinished = _UNFINISHED.search(self.rest)
        if not self.waits_for_close:
            ready = self.rest[: unfinished.start()] if unfinished else self.rest
            self.rest, self.last = self.rest[len(ready) :], ready[-1:] or self.last
            yield from self._said(ready)

    def end(self) -> Iterator[str]:
        """Yield what is left when the reply is whole."""
        if not self.is_over:
            yield from self._said("" if _MARKUP.fullmatch(self.rest) else self.rest)
        self.rest = ""

    def _next_markup(self) -> re.Match[str] | None:
        """Return the next markup that is whole; what stands in backticks is an answer that speaks of it."""
        for found in _MARKUP.finditer(self.rest):
            may_go_on = found["start"] and found.end() == len(self.rest) and not found["start"].endswith("\n")
            before = self.rest[found.start() - 1] if found.start() else self.last
            if before != "`" and not may_go_on:
                return found
        return None

    def _on_markup(self, found: re.Match[str]) -> Iterator[Discard | Thinking]:
        if channel := found["channel"]:
            self.is_reasoning = channel.lower() != "final"
            if self.is_reasoning:
                yield Thinking()
        elif found["open"]:
            self.is_reasoning, self.waits_for_close = True, False
            yield Thinking()
        elif found["close"]:
            if not self.is_reasoning:
                self.closed_unopened = True
                if self.has_spoken:
                    yield Discard()
            self.is_reasoning = self.waits_for_close = self.has_spoken = False
        elif found["end"]:
            self.is_over = self.has_spoken and not self.is_reasoning

    def _said(self, text: str) -> Iterator[str]:
        if self.is_reasoning or self.is_over:
            return
        text = text if self.has_spoken else text.lstrip()
        if text:
            self.has_spoken = True
            yield text
