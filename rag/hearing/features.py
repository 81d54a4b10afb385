"""Features of a post: its words and their neighbours, hashed; beside them the vectors of the whole and headline."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import numpy as np

from rag.query.post import read_post, without_author

if TYPE_CHECKING:
    import numpy.typing as npt

DIMENSIONS = 1 << 14
"""Into so many the n-grams are hashed: a table of them would be thirty times as large."""
MOST_CHARACTERS, MOST_TOKENS = 1_500, 160
WHOLE_CHARACTERS, HEADLINE_CHARACTERS = 700, 300
"""As much of a post is embedded."""
_TOKEN = re.compile(
    r"[a-zà-ÿ0-9а-яё]+(?:['’][a-z]+)?|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[?？!:@#&`>]|\n"  # noqa: RUF001
)
SHORTEST_SENTENCE, MOST_SENTENCES = 12, 3
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`]*`", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+|(?<=[。！；？])|\n+")  # noqa: RUF001
_ADDRESS, _MENTION = re.compile(r"https?://\S+"), re.compile(r"@\w+")


def ngrams(text: str) -> set[int]:
    """Return the dimensions of the text's one, two and three neighbouring tokens; what names a number is one token."""
    said = _MENTION.sub(" @ ", _ADDRESS.sub(" urlx ", said_in(text).lower()[:MOST_CHARACTERS]))
    found = ["9" if token.isdigit() else token for token in _TOKEN.findall(said)[:MOST_TOKENS]]
    tokens = ["^", *found, "$"]
    grams = {" ".join(tokens[at : at + size]) for size in (1, 2, 3) for at in range(len(tokens) - size + 1)}
    return {zlib.crc32(gram.encode()) % DIMENSIONS for gram in grams}


def ngram_logits(text: str, weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return what the n-grams of a text add to each class; a long text counts no more than a short one."""
    dimensions = list(ngrams(text))
    return np.asarray(weights[dimensions].sum(axis=0) / np.sqrt(len(dimensions)))


def asking_sentences(text: str) -> list[str]:
    """Return a post's last sentences with a question mark, where there is more beside them; of quotations, none."""
    own = "\n".join(line for line in _CODE.sub(" ", text).splitlines() if not line.lstrip().startswith(">"))
    sentences = [one.strip() for one in _SENTENCE_END.split(own) if one.strip()]
    asking = [one for one in sentences if one.endswith(("?", "？")) and len(one) >= SHORTEST_SENTENCE]  # noqa: RUF001
    return asking[-MOST_SENTENCES:] if len(sentences) > 1 else []


def embedded_texts(text: str) -> list[str]:
    """Return what is embedded of a post: its beginning, and its headline."""
    text = without_author(text)
    post = read_post(text)
    headline = post.headline if post and post.headline else text
    return [said_in(text)[:WHOLE_CHARACTERS], headline[:HEADLINE_CHARACTERS]]


def said_in(text: str) -> str:
    """Return what people and errors say in a long post; a short one as it is."""
    text = without_author(text)
    post = read_post(text) if len(text) > WHOLE_CHARACTERS else None
    return ("\n".join([post.prose, *post.errors]).strip() if post else "") or text
