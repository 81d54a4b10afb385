"""Site frame: what stands at the top or the bottom of nearly every HTML page of a source is no content of any.

Most sites mark their navigation and footers as such; these are the ones that do not.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MIN_PAGES = 10
NEARLY_EVERY = 0.8
DEPTH = 30
"""How many blocks from the top and from the bottom are looked at."""
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """A page's Markdown without its site's frame, and the frame's two parts."""

    text: str
    top: str = ""
    bottom: str = ""


def without_site_frame(pages: Mapping[str, str]) -> dict[str, Framed]:
    """Return the pages of a site, by path, without what they share at both ends; of a few pages nothing is shared."""
    heads = {path: _FRONT_MATTER.match(text) for path, text in pages.items()}
    titles = {path: head[0] if head else "" for path, head in heads.items()}
    blocks = {path: re.split(r"\n{2,}", text[len(titles[path]) :].strip()) for path, text in pages.items()}
    shared = _shared(list(blocks.values())) if len(pages) >= MIN_PAGES else frozenset[str]()
    return {path: _framed(titles[path], own, shared) for path, own in blocks.items()}


def _shared(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    counts = Counter(block for blocks in pages for block in {*blocks[:DEPTH], *blocks[-DEPTH:]})
    return frozenset(
        block for block, count in counts.items() if count >= NEARLY_EVERY * len(pages) and "```" not in block
    )


def _framed(title: str, blocks: Sequence[str], shared: frozenset[str]) -> Framed:
    begin = next((at for at, block in enumerate(blocks) if block not in shared), 0)
    end = next((at for at in range(len(blocks), begin, -1) if blocks[at - 1] not in shared), len(blocks))
    top, text, bottom = ("\n\n".join(part) for part in (blocks[:begin], blocks[begin:end], blocks[end:]))
    return Framed(text=f"{title}\n\n{text}", top=top, bottom=bottom)
