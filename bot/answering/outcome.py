"""The outcome of an answer: how it came about, for the ledger and in the log's one line a question."""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING

from bot.ledger import Outcome

if TYPE_CHECKING:
    from bot.answering.endings import Published
    from rag import Answer

logger = logging.getLogger(__name__)


def outcome_of(answer: Answer, *, took_s: float) -> Outcome:
    """Return what the ledger keeps of an answer beside its text; `took_s` is the whole time in seconds."""
    trace = answer.trace
    return Outcome(
        kind=answer.kind,
        passages=tuple((passage.id, round(passage.score, 4), passage.version) for passage in trace.passages),
        versions={"milvusfaq": version("milvusfaq"), "model": trace.model, "prompt": trace.prompt},
        times={
            name: round(seconds, 3)
            for name, seconds in (
                ("search", trace.search_s),
                ("first_text", trace.first_text_s),
                ("model", trace.model_s),
                ("all", took_s),
            )
        },
        tokens=(trace.usage.prompt_tokens, trace.usage.completion_tokens) if trace.usage else None,
        citations=len(answer.citations),
    )


def log_answered(ending: Published) -> None:
    """Write the question's one line; its text stays out of it."""
    entry, outcome, question = ending.entry, ending.outcome, ending.entry.question
    if outcome is None:
        logger.info("Answered %s %s: %s, begun earlier, %.2f s", question.channel, question.ts, entry.kind, entry.age_s)
        return
    logger.info(
        "Answered %s %s: %s, %d passages, %d citations, %.2f s (search %.2f s, model %.2f s, tokens %s)",
        question.channel,
        question.ts,
        outcome.kind,
        len(outcome.passages),
        outcome.citations,
        entry.age_s,
        outcome.times.get("search", 0.0),
        outcome.times.get("model", 0.0),
        "+".join(map(str, outcome.tokens)) if outcome.tokens else "not told",
    )
