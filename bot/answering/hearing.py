"""Hearing: whether a post that turns to nobody is answered, and whether a person is wanted instead of the bot."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.answering.endings import ToldAlone
from bot.domain import Ignored
from bot.rendering.action_ids import ESCALATE_ACTION
from bot.rendering.answer import AnswerContext, answer_messages
from bot.text.intent import may_want_person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.answering.admission import TokenBudget
    from bot.domain import SlackQuestion, SupportPolicy
    from bot.ledger import Entry, Ledger
    from bot.text.wording import Wording
    from rag import Answer, Hearing, Wants

logger = logging.getLogger(__name__)

LONGEST_CALL = 300
"""Who asks for a person says so in few words; more is a question, in which somebody occurs."""
SURELY_NO_QUESTION = 0.1
"""How likely an answer may be wanted of the bot where it was asked, and a person is called all the same."""


class Hearer(Protocol):
    """What tells what a post wants: rag's Answerer."""

    async def hear(self, text: str, *, ask_model: bool = True) -> Hearing:
        """Return what it wants; where that is unclear, the language model may be asked."""
        ...


class PersonCaller(Protocol):
    """What calls people to a question: bot.jobs.escalation."""

    async def call_person(self, entry: Entry) -> str:
        """Call people, once a thread; return what to tell the asker alone, "" where the call tells all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHearing:
    """Settles what the form of a post leaves open. `caller` is None where nobody is set up to be called.

    `model` is the language model that the hearer may ask.
    """

    ledger: Ledger
    hearer: Hearer
    caller: PersonCaller | None
    budget: TokenBudget
    model: str = ""

    async def settle(self, entry: Entry) -> tuple[Entry, Wants]:
        """Return a question as it stands, and what it wants; raise LostLeaseError when it is not ours any more."""
        if not entry.is_undecided:
            return entry, "person" if self.caller and await wants_person(self.hearer, entry.question.text) else "answer"
        entry = await self.ledger.questions.refresh(entry)  # an attempt may have begun: then it was heard
        if not entry.is_undecided:
            return entry, "answer"
        question = entry.question
        if await self.ledger.questions.is_rest(question):
            return entry, "nothing"  # what it goes on with is answered
        hearing = await self.hearer.hear(question.text, ask_model=await self.budget.notice(question) is None)
        if hearing.usage:
            self.budget.record(question, self.model, hearing.usage)
        where = question.channel, question.ts
        logger.debug("%s %s wants %s (%.2f, %s)", *where, hearing.wants, hearing.likelihood, hearing.told_by)
        return entry, "nothing" if hearing.wants == "person" and not self.caller else hearing.wants


def unasked_ending(
    question: SlackQuestion,
    answer: Answer,
    words: Wording,
    *,
    policy: SupportPolicy | None,
    actions: Sequence[str],
) -> Ignored | ToldAlone | None:
    """Return how it ends that the docs do not hold what nobody has asked the bot; None where everybody is told."""
    if question.origin == "follow-up":
        return None if answer.trace.model else Ignored("not about Milvus")
    if policy == "questions:say":
        return None
    if policy == "questions:silent" or not question.user:
        return Ignored("not about Milvus")
    offered = [action for action in actions if action == ESCALATE_ACTION]
    context = AnswerContext(question=question.ts, actions=offered, remarks=(words.nobody_else_sees,))
    (message, *_) = answer_messages(answer, words, context)
    return ToldAlone(message)


async def wants_person(hearer: Hearer, text: str) -> bool:
    """Tell whether somebody who has turned to the bot asks it for a person, in words that can't mean much else."""
    if len(text) > LONGEST_CALL or not may_want_person(text):
        return False
    hearing = await hearer.hear(text, ask_model=False)
    return hearing.wants == "person" and hearing.likelihood <= SURELY_NO_QUESTION
