"""Closing: the end of a question, whichever it is. Its state, its notice, and what its asker is told."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.answering.endings import (
    CannotPost,
    Ending,
    GaveUp,
    NotHeard,
    PersonCalled,
    Published,
    Refused,
    Restored,
    ToldAlone,
    Unreachable,
)
from bot.answering.outcome import log_answered
from bot.domain import Ignored
from bot.ledger import MAY_NOT_ASK, Outcome, State, end_of
from bot.posting.destinations import ThreadDestination
from bot.posting.ephemeral import ephemeral_destination
from bot.posting.own_messages import post_ephemeral, send_direct_message
from bot.posting.placing import thread_destination
from bot.posting.status import StatusIndicator
from bot.rendering.blocks import mrkdwn_message, notice_message
from bot.slack.errors import AskerUnreachableError, SlackRefusedError

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.answering.admission import AccessPolicy
    from bot.domain import BotIdentity
    from bot.ledger import Entry, Ledger
    from bot.posting.placing import AnswerPlacing
    from bot.posting.publishing import AnswerPublisher
    from bot.posting.retracting import MessageRetractor
    from bot.slack.rate_limits import SlackRateLimits
    from bot.slack.users import Users

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionCloser:
    """Closes questions, and tells their askers what they have to know.

    A word to the asker that does not arrive is logged.
    """

    client: AsyncWebClient
    ledger: Ledger
    users: Users
    rate_limits: SlackRateLimits
    policy: AccessPolicy
    placing: AnswerPlacing
    publisher: AnswerPublisher
    retractor: MessageRetractor
    bot: BotIdentity

    async def close(self, entry: Entry, ending: Ending) -> None:
        """Do what an ending leaves to do, and note it in the ledger.

        Raise LostLeaseError when the question is another process' now, SlackUnavailableError or LedgerError when it is
        to be closed later.
        """
        match ending:
            case Published():
                await self._finish(ending.entry, end_of(ending.entry.kind), "stopped" if ending.was_stopped else "")
                log_answered(ending)
            case Refused():
                await self._tell_alone(entry, ending.text)
                await self._end_quietly(entry, ending.reason)
            case Ignored() | ToldAlone():
                await self._end_unasked(entry, ending)
            case NotHeard():
                await self._forget(entry)
            case PersonCalled():
                await self._tell_alone(entry, ending.told, though_unasked=True)
                await self._finish(entry, State.QUIET, "a person was called")
            case Restored():
                await self.retractor.retract_notice(entry)
            case CannotPost():
                await self._tell_elsewhere(entry, ending.error)
                await self._finish(entry, State.FAILED, ending.error.code)
            case Unreachable():
                logger.warning("The asker of %s can't be reached: %s", _name(entry), ending.error)
                await self.ledger.questions.finish(entry, State.FAILED, reason=str(ending.error))
            case GaveUp():
                await self._give_up(entry, ending)

    async def keep_waiting(self, entry: Entry, *, docs_are_away: bool) -> None:
        """Tell the asker, once, that the answer will take longer."""
        question, words = entry.question, await self.users.words(entry.question.user)
        if entry.notice_ts or entry.was_told_privately or question.is_unaddressed:
            return
        text = words.docs_are_away if docs_are_away else words.something_is_away
        if question.thread_ts and question.origin != "private":
            ts = await thread_destination(self.client, entry).post_notice(text)
            await self.ledger.questions.record_notice(entry, ts)
        elif reply_url := await self.ledger.questions.reply_url(entry):
            await ephemeral_destination(self.client, question, reply_url).post(notice_message(text), 0)
            await self.ledger.questions.record_notice(entry, "")

    async def show_queue(self, entry: Entry, *, before: int) -> None:
        """Show how many questions come first, where there is a thread."""
        if entry.is_undecided:
            return
        if entry.question.thread_ts and entry.question.origin != "private":
            words = await self.users.words(entry.question.user)
            destination = thread_destination(self.client, entry)
            status = StatusIndicator(destination=destination, rate_limits=self.rate_limits)
            await status.tell(words.waiting.format(before=before))

    async def _give_up(self, entry: Entry, ending: GaveUp) -> None:
        """Tell the asker that there will be no answer; one that stands in part is completed."""
        question = entry.question
        if entry.is_undecided and (entry := await self.ledger.questions.refresh(entry)).is_undecided:
            await self._forget(entry)
            return
        entry = await self.ledger.questions.start_attempt(entry)
        try:
            if text := await self.policy.refusal(question.user, channel=question.channel):
                await self.close(entry, Refused(text, MAY_NOT_ASK))
                return
            text = (await self.users.words(question.user)).at(ending.sentence)
            if not entry.messages and await self._restore(entry, ending.reason):
                await thread_destination(self.client, entry).post_ephemeral(text)  # the answer before stands
                await self.retractor.retract_notice(entry)
                return
            await self._publish_apology(entry, text, ending.reason)
        except AskerUnreachableError as error:
            await self.close(entry, Unreachable(error))
        except SlackRefusedError as error:
            await self.close(entry, CannotPost(error))

    async def _publish_apology(self, entry: Entry, text: str, reason: str) -> None:
        entry, destination = await self.placing.place(entry)
        if entry.messages:
            entry = replace(entry, posted={**entry.posted, **await destination.read_posted(self.bot)})
        if not entry.posted:
            entry = await self.ledger.questions.record_answer(entry, [notice_message(text)], Outcome(kind="notice"))
        entry = await self.publisher.publish(entry, destination, look_first=False)
        await self._finish(entry, end_of(entry.kind, otherwise=State.FAILED), reason)
        if isinstance(destination, ThreadDestination):
            await self.retractor.end_session(entry)

    async def _tell_alone(self, entry: Entry, text: str, *, though_unasked: bool = False) -> None:
        """Tell the asker alone, where there is something to tell; who has not asked the bot is not told of refusals."""
        question = entry.question
        if not text:
            return
        try:
            if reply_url := await self.ledger.questions.reply_url(entry):
                await ephemeral_destination(self.client, question, reply_url).post(notice_message(text), 0)
            elif question.user and (though_unasked or not question.is_unaddressed):
                await thread_destination(self.client, entry).post_ephemeral(text)
        except (SlackRefusedError, AskerUnreachableError) as error:
            logger.info("The asker in %s can't be told: %s", question.channel, error)

    async def _end_unasked(self, entry: Entry, ending: Ignored | ToldAlone) -> None:
        """End what nobody has asked the bot, without a word in the thread."""
        question = entry.question
        if isinstance(ending, Ignored):
            await self._end_quietly(entry, ending.reason)
            return
        try:
            await post_ephemeral(self.client, question.channel, question.user, ending.message)
        except SlackRefusedError as error:
            logger.info("%s can't be shown something alone in %s: %s", question.user, question.channel, error.code)
        await self._end_quietly(entry, "not in the docs")

    async def _tell_elsewhere(self, entry: Entry, error: SlackRefusedError) -> None:
        """Tell the asker directly that the bot can't post where they asked, and whoever runs it what can be done."""
        question = entry.question
        logger.warning("No answer can be posted in %s: %s", question.channel, error)
        words = await self.users.words(question.user)
        reason = words.refusal(error.kind, code=error.code, bot_name=self.bot.name)
        told = words.can_not_post.format(channel=f"<#{question.channel}>", reason=reason)
        try:
            if question.user and not question.is_unaddressed:
                await send_direct_message(self.client, question.user, mrkdwn_message(told))
        except SlackRefusedError as second:
            logger.info("The asker %s can't be told: %s", question.user, second)

    async def _end_quietly(self, entry: Entry, reason: str) -> None:
        """End a question without an answer; one that had an answer before keeps that."""
        logger.debug("Ignored %s: %s", _name(entry), reason)
        await self.retractor.retract_notice(entry)
        if not await self._restore(entry, reason):
            await self.ledger.questions.finish(entry, State.QUIET, reason=reason)

    async def _forget(self, entry: Entry) -> None:
        """End a post that wants no answer; one that had an answer before it was edited keeps that."""
        if entry.revision:
            entry = await self.ledger.questions.start_attempt(entry)
            if await self._restore(entry, "asks nothing"):
                return
        await self.ledger.questions.finish_unheard(entry)

    async def _restore(self, entry: Entry, reason: str) -> bool:
        return bool(entry.revision) and await self.ledger.revisions.restore(entry, reason=reason)

    async def _finish(self, entry: Entry, state: State, reason: str) -> None:
        await self.retractor.retract_notice(entry)
        await self.ledger.questions.finish(entry, state, reason=reason)


def _name(entry: Entry) -> str:
    return f"{entry.question.channel} {entry.question.ts}"
