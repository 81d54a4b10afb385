"""The handler of a question: one attempt, from the claim to the posted answer; it may be the second."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import TYPE_CHECKING

from bot.answering.admission import question_problem
from bot.answering.conversation import thread_unread_line
from bot.answering.endings import CannotPost, NotHeard, PersonCalled, Published, Restored, ToldAlone, Unreachable
from bot.answering.files import unread_lines
from bot.answering.generation import Prepared, RunningAttempt, StoppableGeneration, StreamNotes, stands_before
from bot.answering.hearing import unasked_ending
from bot.answering.outcome import count_answer, count_ending, outcome_of
from bot.domain import Ignored
from bot.ledger import Outcome
from bot.posting.destinations import ThreadDestination
from bot.posting.ephemeral import EphemeralDestination
from bot.posting.placing import thread_destination
from bot.posting.status import StatusIndicator
from bot.posting.streaming import StreamingMessage
from bot.rendering.action_ids import REGENERATE_ACTIONS
from bot.rendering.answer import AnswerContext, answer_messages
from bot.rendering.blocks import SHORT_QUESTION, markdown_block, notice_message
from bot.slack.errors import AskerUnreachableError, CannotPostError
from rag import Question

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from bot.answering.admission import Admission, TokenBudget
    from bot.answering.closing import QuestionCloser
    from bot.answering.conversation import Conversation, ConversationReader
    from bot.answering.endings import Ending
    from bot.answering.files import QuestionFiles
    from bot.answering.hearing import PostHearing
    from bot.domain import BotIdentity, SlackMessage, SupportPolicy
    from bot.ledger import Entry, Ledger
    from bot.posting.destinations import Destination
    from bot.posting.placing import AnswerPlacing
    from bot.posting.publishing import AnswerPublisher
    from bot.slack.rate_limits import PostingMode, SlackRateLimits
    from bot.slack.users import Users
    from bot.text.wording import Wording
    from rag import Answer, Answerer, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionHandler:
    """Answers accepted questions.

    `actions` are the buttons below an answer in a channel, besides those below every
    answer; `private_actions` those below one that the asker alone sees.
    """

    ledger: Ledger
    answerer: Answerer
    users: Users
    hearing: PostHearing
    admission: Admission
    budget: TokenBudget
    conversations: ConversationReader
    placing: AnswerPlacing
    publisher: AnswerPublisher
    closer: QuestionCloser
    rate_limits: SlackRateLimits
    files: QuestionFiles
    bot: BotIdentity
    support_channels: Mapping[str, SupportPolicy]
    actions: tuple[str, ...]
    private_actions: tuple[str, ...]

    async def handle(self, entry: Entry, stop: asyncio.Event) -> Ending:
        """Answer a question and close it; `stop` is set when someone wants no more of it.

        Raise RetrievalError, SlackUnavailableError or LedgerError when another attempt may succeed, LostLeaseError when
        the question is another process' now.
        """
        entry, wants = await self.hearing.settle(entry)
        if wants == "nothing":
            ending: Ending = NotHeard()
            await self.closer.close(entry, ending)
            count_ending(entry, ending)
            return ending
        entry = await self.ledger.questions.start_attempt(entry)
        refused = await self.admission.refusal(entry)  # before the words: it waits for what Slack says of the asker
        attempt = RunningAttempt(entry, stop, await self.users.words(entry.question.user))
        try:
            ending = refused or await (self._call_person(entry) if wants == "person" else self._answer(attempt))
        except CannotPostError as error:
            ending = CannotPost(error)
        except AskerUnreachableError as error:
            ending = Unreachable(error)
        await self.closer.close(entry, ending)
        await attempt.end(ending)
        count_ending(entry, ending, age_s=attempt.age_s)
        return ending

    async def _call_person(self, entry: Entry) -> Ending:
        return PersonCalled(await self.hearing.caller.call_person(entry) if self.hearing.caller else "")

    async def _answer(self, attempt: RunningAttempt) -> Ending:
        attempt.entry, destination = await self.placing.place(attempt.entry)
        if isinstance(destination, ThreadDestination):
            attempt.status = StatusIndicator(
                destination=destination, rate_limits=self.rate_limits, on_shown=attempt.on_status
            )
        outcome = None
        if not attempt.entry.messages:
            prepared = await self._prepare(attempt, destination)
            if not isinstance(prepared, Prepared):
                return prepared
            attempt.entry, outcome = prepared.entry, prepared.outcome
        if attempt.status:
            attempt.status.hide()
        entry = await self.publisher.publish(
            attempt.entry, destination, streaming=attempt.streaming, look_first=outcome is None
        )
        return Published(entry=entry, outcome=outcome, was_stopped=attempt.stop.is_set())

    async def _prepare(
        self, attempt: RunningAttempt, destination: Destination
    ) -> Prepared | Ignored | Restored | ToldAlone:
        """Find the answer, and keep it before it is posted."""
        question = attempt.entry.question
        if attempt.status and not question.is_unaddressed:
            attempt.status.show(attempt.words.searching)
        conversation = await self.conversations.read(question)
        is_unaddressed = question.is_unaddressed and not attempt.entry.revision
        if is_unaddressed and conversation.taken_over:
            return Ignored("a person has taken over")
        begun = time.monotonic()
        history = await self._with_text(attempt, conversation)
        remarks = self._remarks(attempt, conversation)
        if problem := question_problem(attempt.entry.question.text, attempt.words, bot_name=self.bot.name):
            if not attempt.entry.question.text:
                problem = next(unread_lines(attempt.entry.question.files, attempt.words), problem)
            return await self._keep(attempt.entry, [notice_message(problem)], Outcome(kind="notice"))
        answer = await self._generate(attempt, destination, history)
        if answer is None:
            return await self._stopped(attempt)
        if is_unaddressed and answer.kind == "abstained":
            policy = self.support_channels.get(question.channel)
            if ending := unasked_ending(question, answer, attempt.words, policy=policy, actions=self.actions):
                return ending
        messages = answer_messages(answer, attempt.words, await self._context(attempt, answer, destination, remarks))
        if isinstance(destination, EphemeralDestination) and destination.refusal:
            messages[-1] = self._with_refusal(messages[-1], destination.refusal, attempt.words)
        return await self._keep(attempt.entry, messages, outcome_of(answer, took_s=time.monotonic() - begun))

    async def _with_text(self, attempt: RunningAttempt, conversation: Conversation) -> tuple[Message, ...]:
        """Read the question to its end; return what was said before it.

        A mention without words asks what was said last.
        """
        attempt.entry = entry = await self.files.read(attempt.entry)
        *before, last = conversation.turns or (None,)
        if entry.question.text or last is None or last.role != "user":
            return conversation.turns
        attempt.entry = await self.ledger.questions.record_text(entry, last.text, unread=entry.question.files)
        return tuple(filter(None, before))

    def _remarks(self, attempt: RunningAttempt, conversation: Conversation) -> list[str]:
        """Return what the asker has to know of what could not be read, and how the answer came to stand here."""
        entry, words = attempt.entry, attempt.words
        remarks = [*unread_lines(entry.question.files, words)]
        if entry.question.is_late and not entry.revision:
            remarks.append(words.came_late)
        if conversation.refusal:
            remarks.append(thread_unread_line(conversation.refusal, words, bot_name=self.bot.name))
        return [*remarks, *filter(None, [_remark(entry, words)])]

    async def _generate(
        self, attempt: RunningAttempt, destination: Destination, history: tuple[Message, ...]
    ) -> Answer | None:
        entry = attempt.entry
        before = await self.ledger.revisions.text_before(entry) if entry.style else ""
        attempt.streaming = self._streaming(attempt, destination)
        generation = StoppableGeneration(
            answerer=self.answerer,
            streaming=attempt.streaming,
            status=attempt.status,
            stop=attempt.stop,
            words=attempt.words,
            without_model=await self.budget.notice(entry.question) if self.answerer.model else None,
        )
        question = Question(text=entry.question.text, history=history, style=entry.style, before=before)
        answer = await generation.answer(question)
        if answer:
            count_answer(answer)
            told, rewording = answer.trace, answer.trace.rewording
            for model, usage in ((told.model, told.usage), (rewording.model, rewording.usage)):
                if usage:
                    self.budget.record(entry.question, model, usage)
        return answer

    def _streaming(self, attempt: RunningAttempt, destination: Destination) -> StreamingMessage | None:
        """Return what shows the answer as it grows; it only listens where messages stand that are to be replaced."""
        if not isinstance(destination, ThreadDestination) or not attempt.status:
            return None
        entry = attempt.entry
        return StreamingMessage(
            destination=destination,
            rate_limits=self.rate_limits,
            record=StreamNotes(self.ledger, attempt),
            on_first_text=attempt.status.hide,
            mode=_posting_mode(entry),
        )

    async def _stopped(self, attempt: RunningAttempt) -> Prepared | Restored:
        """Return what is left of an answer that was stopped before its first word: the one before, or a notice."""
        entry, words = attempt.entry, attempt.words
        if entry.revision and await self.ledger.revisions.restore(entry, reason="stopped"):
            await thread_destination(self.placing.client, entry).post_ephemeral(words.stopped)
            return Restored()
        return await self._keep(entry, [notice_message(words.stopped)], Outcome(kind="stopped"))

    async def _context(
        self, attempt: RunningAttempt, answer: Answer, destination: Destination, remarks: Sequence[str]
    ) -> AnswerContext:
        entry, question = attempt.entry, attempt.entry.question
        is_private = isinstance(destination, EphemeralDestination)
        return AnswerContext(
            question=question.ts,
            actions=self.private_actions if is_private else await self._actions(entry, answer),
            remarks=remarks,
            asker=question.user if question.origin in {"shortcut", "private"} else "",
            asked=shorten(question.text, SHORT_QUESTION, placeholder=" …"),
        )

    async def _actions(self, entry: Entry, answer: Answer) -> list[str]:
        """Return the actions below an answer; one that comes again above a later one is not asked for anew."""
        again: Sequence[str] = ()
        if answer.kind == "grounded":
            again = REGENERATE_ACTIONS
        elif answer.kind == "extractive" and self.answerer.model:
            again = REGENERATE_ACTIONS[-1:]
        if entry.revision and again and not await self.ledger.revisions.is_latest(entry):
            again = ()
        return [*again, *(self.private_actions if entry.question.is_direct else self.actions)]

    def _with_refusal(self, message: SlackMessage, refusal: CannotPostError, words: Wording) -> SlackMessage:
        """Say below an answer why the asker alone sees it."""
        reason = words.refusal(refusal.kind, code=refusal.code, bot_name=self.bot.name)
        why = markdown_block(words.seen_by_you_alone.format(reason=reason))
        return replace(message, blocks=[*message.blocks, why])

    async def _keep(self, entry: Entry, messages: list[SlackMessage], outcome: Outcome) -> Prepared:
        return Prepared(await self.ledger.questions.record_answer(entry, messages, outcome), outcome)


def _posting_mode(entry: Entry) -> PostingMode | None:
    """Return how an answer is to be shown as it grows, None where Slack decides: a stream is for someone it names."""
    if stands_before(entry):
        return "whole"
    return None if entry.question.user else "update"


def _remark(entry: Entry, words: Wording) -> str:
    """Say how an answer came to take another one's place."""
    if not entry.revision:
        return ""
    return words.at(f"answered_{entry.style}") if entry.style else words.edited
