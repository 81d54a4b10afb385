"""Loss: which of the words that a reader sees on a page are stored, in their order, and which are added.

What a reader sees is told in another way than what is stored: a Markdown page by rendering it, an HTML page by the text
of its content's elements. The longest common run of words in order (rapidfuzz) is what was kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from rapidfuzz.distance import LCSseq

from rag.errors import IngestError
from rag.ingest.formats.decoding import decode
from rag.ingest.formats.html import UNSEEN, body_text, content_text, text_of
from rag.ingest.formats.markdown import fill_in, read_page, split_front_matter
from rag.ingest.formats.reading import HTML, MARKDOWN, suffix_of
from rag.ingest.formats.site_markup import plain_markdown
from rag.ingest.sources import files_of, is_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rag.ingest.formats.site_frame import Framed
    from rag.ingest.sources import Source

_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|(?:(?![\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])[^\W_])+"
)
"""A word, or a letter of a language that puts no blanks between its words."""
_FENCE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})[^`\n]*$", re.MULTILINE)
_FENCED = re.compile(r"^[ \t>]*(`{3,}|~{3,})[^`\n]*\n.*?(?:^[ \t>]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_FILLED_IN_LATER = re.compile(r"\{\{[^{}\n]*\}\}|[ \t]*\{:?[ \t]*#[^{}\n]*\}[ \t]*$", re.MULTILINE)
"""Variables that only the site knows, and the anchors of headings."""
_NUMBER = re.compile(r"^[ \t>]*\d+[.)](?=\s)", re.MULTILINE)
"""Of an item in a list; a browser makes them."""
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*(?:\([^()]*\)[^()\s]*)?\)")
"""Where it leads is stored, for citations, and nobody sees it."""
_STRONG = re.compile(r"(`[^`\n]+`)|\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")
SHOWN_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLoss:
    """A page's words: as many as a reader sees, those of them that are stored, and as many as are stored.

    `framing` is how many more an HTML page shows around its content: navigation, headers, footers. `first_lost` and
    `first_added` are some of those that are not in both.
    """

    path: str
    seen: int
    kept: int
    stored: int
    framing: int = 0
    first_lost: tuple[str, ...] = ()
    first_added: tuple[str, ...] = ()

    @property
    def kept_share(self) -> float:
        """Return which share of the words that are seen is stored."""
        return self.kept / self.seen if self.seen else 1.0

    @property
    def added_share(self) -> float:
        """Return which share of the words that are stored nobody sees."""
        return (self.stored - self.kept) / self.stored if self.stored else 0.0


def page_losses(location: str, source: Source) -> Iterator[PageLoss]:
    """Yield the loss of each page of a source whose words can be told in another way: Markdown, HTML and plain text."""
    for path, content in files_of(location):
        if path not in source.texts or not is_page(path) or isinstance(content, str):
            continue
        stored = _words(stored_text(source, path))
        seen = _words(visible_text(source, path, content))
        if seen or stored:
            shown = len(_words(body_text(decode(content)))) if suffix_of(path) in HTML else 0
            yield replace(_loss(path, seen, stored), framing=max(0, shown - len(seen)))


def visible_text(source: Source, path: str, content: bytes) -> str:
    """Return the text that a reader of the page sees, what it includes of others filled in."""
    try:
        text = decode(content)
    except IngestError:
        return ""
    suffix = suffix_of(path)
    if suffix in HTML:
        return _without_frame(content_text(text), source.framed.get(path))
    if suffix not in MARKDOWN:
        return text
    told, body = split_front_matter(text)
    body = plain_markdown(fill_in(body, path, source.texts))
    body = _outside_fences(body, lambda prose: _FILLED_IN_LATER.sub("", prose))
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    page = BeautifulSoup(rendered, "lxml")
    for element in page([*UNSEEN]):
        element.decompose()
    top = page.find("h1")
    title = str(told.get("title") or "")
    text = text_of(page)
    return text if top and _words(top.get_text()) == _words(title) else f"{title}\n{text}"


def _without_frame(text: str, framed: Framed | None) -> str:
    """Return a page's words without those of its site's frame, where they stand one after the other."""
    words = f" {' '.join(_words(text))} "
    for frame in (framed.top, framed.bottom) if framed else ():
        words = words.replace(f" {' '.join(_words(_seen_of_prose(frame)))} ", " ", 1)
    return words


def stored_text(source: Source, path: str) -> str:
    """Return what is stored of a page: each section with the headings above it that no section before it had."""
    page = read_page(path, source.texts)
    parts = [page.title]
    above: tuple[str, ...] = ()
    for section in page.sections:
        fresh = [
            heading
            for level, heading in enumerate(section.headings)
            if section.headings[: level + 1] != above[: level + 1]
        ]
        parts += [*fresh, _outside_fences(section.text, _seen_of_prose)]
        above = section.headings
    return _FENCE.sub("", "\n".join(parts))


def _outside_fences(text: str, change: Callable[[str], str]) -> str:
    pieces: list[str] = []
    end = 0
    for fenced in _FENCED.finditer(text):
        pieces += [change(text[end : fenced.start()]), fenced[0]]
        end = fenced.end()
    return "".join([*pieces, change(text[end:])])


def _seen_of_prose(text: str) -> str:
    return _FILLED_IN_LATER.sub("", _LINK.sub(r"\1", _NUMBER.sub("", _STRONG.sub(r"\1\2", text))))


def _loss(path: str, seen: list[str], stored: list[str]) -> PageLoss:
    lost, added = [], []
    for edit in LCSseq.editops(seen, stored):
        if edit.tag == "delete":
            lost.append(seen[edit.src_pos])
        else:
            added.append(stored[edit.dest_pos])
    return PageLoss(
        path=path,
        seen=len(seen),
        kept=len(seen) - len(lost),
        stored=len(stored),
        first_lost=tuple(lost[:SHOWN_WORDS]),
        first_added=tuple(added[:SHOWN_WORDS]),
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
