"""The outcome of an attempt: how its answer came about, for the ledger, the log's one line a question, the metrics."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot import __version__
from bot.answering.endings import Published
from bot.ledger import Outcome
from bot.telemetry import (
    ANSWER_SECONDS,
    MODEL_FAILURES,
    MODEL_FIRST_TEXT_SECONDS,
    MODEL_LABEL,
    MODEL_SECONDS,
    QUESTIONS,
    RETRIEVAL_SECONDS,
    REWRITE_SECONDS,
    STATEMENTS,
    TOKENS,
)

if TYPE_CHECKING:
    from bot.answering.endings import Ending
    from bot.ledger import Entry
    from rag import Answer
    from rag.domain import Usage

logger = logging.getLogger(__name__)

WITHOUT_MODEL = {
    "model unreachable",
    "model slow",
    "model refuses",
    "model overloaded",
    "model broke off",
    "model fails",
    "reply unusable",
    "not held",
}
"""Notices of answers that quote the passages, though a model was to write them."""


def outcome_of(answer: Answer, *, took_s: float) -> Outcome:
    """Return what the ledger keeps of an answer beside its text; `took_s` is the whole time in seconds."""
    trace = answer.trace
    return Outcome(
        kind=answer.kind,
        passages=tuple((passage.id, round(passage.score, 4), passage.version) for passage in trace.passages),
        versions={"milvusfaq": __version__, "model": trace.model, "prompt": trace.prompt},
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


def count_answer(answer: Answer) -> None:
    """Raise the metrics of how an answer came about."""
    told, rewording = answer.trace, answer.trace.rewording
    RETRIEVAL_SECONDS.observe(told.search_s)
    if rewording.took_s:
        REWRITE_SECONDS.observe(rewording.took_s)
    if told.model and told.model_s:
        MODEL_FIRST_TEXT_SECONDS.labels(MODEL_LABEL(told.model)).observe(told.first_text_s)
        MODEL_SECONDS.labels(MODEL_LABEL(told.model)).observe(told.model_s)
    STATEMENTS.labels("held").inc(told.statements - told.remarked)
    STATEMENTS.labels("marked").inc(told.remarked)
    for notice in answer.notices:
        if notice.kind in WITHOUT_MODEL:
            MODEL_FAILURES.labels(notice.kind).inc()


def count_tokens(model: str, usage: Usage) -> None:
    """Raise the metric of what a call to a model cost."""
    TOKENS.labels(MODEL_LABEL(model), "input").inc(usage.prompt_tokens)
    TOKENS.labels(MODEL_LABEL(model), "output").inc(usage.completion_tokens)


def count_ending(entry: Entry, ending: Ending, *, age_s: float = 0.0) -> None:
    """Raise the metrics of how an attempt ended, `age_s` after the question was accepted; no answer is of no kind."""
    outcome = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in type(ending).__name__)[1:]
    kind = ending.entry.kind if isinstance(ending, Published) else "none"
    QUESTIONS.labels(entry.question.origin, outcome, kind).inc()
    if isinstance(ending, Published) and ending.outcome:
        ANSWER_SECONDS.labels(kind).observe(age_s)


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
