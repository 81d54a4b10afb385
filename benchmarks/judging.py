"""What is heard, and what is turned away: shares of posts, told by what their writers want and what the docs hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.text.mrkdwn import plain_text
from rag.domain import Question
from rag.evaluation import interval
from rag.settings import RagSettings
from rag.wiring import open_hearer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.question_sets import Post
    from rag.domain import Wants
    from rag.retrieval.retriever import HybridRetriever

    Posts = Mapping[str, Sequence[Post]]
    Flags = dict[str, list[float]]


def hearings(posts: Sequence[Post]) -> Flags:
    """Return of each kind of wish 1 for a post that is told rightly, or, of those that want nothing, that is heard."""
    found: Flags = {}
    for post, wants in zip(posts, asyncio.run(_hear(posts)), strict=True):
        if post.wants == "nothing":
            found.setdefault("want nothing, heard", []).append(float(wants == "answer"))
        else:
            found.setdefault(f"want {post.wants}, told", []).append(float(wants == post.wants))
    return found


async def _hear(posts: Sequence[Post]) -> list[Wants]:
    async with open_hearer(RagSettings(_env_file=None), with_model=False) as hearer:
        return [(await hearer.hear(plain_text(post.text, bot_user=""))).wants for post in posts]


def turned_away(posts: Sequence[Post], retriever: HybridRetriever) -> Flags:
    """Return 1 for each post that is turned away, by what the docs hold of it."""
    found: Flags = {}
    names = {"yes": "the docs answer, lost", "beyond": "beyond the docs, told", "no": "not in the docs, told"}
    for post in posts:
        away = retriever.search_now(Question(text=post.text), limit=3).off_topic
        found.setdefault(names[post.holds], []).append(float(away is not None))
    return found


def told_lines(heard: Posts, retriever: HybridRetriever) -> Iterator[str]:
    """Yield the lines of the tables on hearing and on what is turned away."""
    yield "\nHeard, without a language model\n\n| | posts | share [95 %] |\n|---|---|---|"
    for name, posts in heard.items():
        yield from (_line(f"{name}: {what}", flags) for what, flags in sorted(hearings(posts).items()))
    for name, posts in heard.items():
        if any(post.holds for post in posts):
            yield f"\n{name} turned away before a model is asked\n\n| | posts | share [95 %] |\n|---|---|---|"
            yield from (_line(what, flags) for what, flags in sorted(turned_away(posts, retriever).items()))


def _line(name: str, flags: Sequence[float]) -> str:
    low, high = interval(flags)
    return f"| {name} | {len(flags)} | {sum(flags) / len(flags):.3f} [{low:.2f}, {high:.2f}] |"
