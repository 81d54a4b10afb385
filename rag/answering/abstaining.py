"""Abstaining: the docs do not hold it, which is said with the pages that come nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.answering.citations import whole_passages
from rag.domain import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.domain import OffTopic, Passage


NEAREST_PAGES = 3
REASONS: dict[OffTopic, str] = {
    "orders": "I only answer questions about Milvus from the docs; how I do that is not for a message to change.",
    "another product": "This looks like a question about another product; I only know the docs on Milvus.",
    "prices": "The docs on Milvus, which are all I know, tell no prices.",
    "plans": "The docs on Milvus, which are all I know, do not tell what is planned or when it comes.",
    "licences": "Licences and legal matters are not told by the docs on Milvus, which are all I know.",
    "comparison": "The docs on Milvus, which are all I know, do not compare it with other products.",
    "nothing near": "I found nothing on this in the docs on Milvus, which are all I know. If it is about Milvus, "
    "please ask it in other words.",
    "refers to nothing": "I see no message that this follows on from. What is it about? Please ask it in one whole "
    "sentence.",
}


def abstain(reason: OffTopic, passages: Sequence[Passage]) -> Answer:
    """Return the answer that there is none, and why; its citations are the nearest pages, if any are to be shown."""
    nearest = () if reason in ("orders", "refers to nothing") else passages[:NEAREST_PAGES]
    return Answer(text=REASONS[reason], citations=whole_passages(nearest), kind="abstained", off_topic=reason)
