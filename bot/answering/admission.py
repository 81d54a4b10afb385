"""Admission: who may ask, where and how often, and what is no question at all."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.answering.endings import Refused
from bot.answering.outcome import count_tokens
from bot.background import BackgroundTasks
from bot.ledger import MAY_NOT_ASK, TOO_MANY, LedgerError, SpentTokens
from bot.text.intent import small_talk
from rag import Notice

if TYPE_CHECKING:
    from bot.domain import BotIdentity, SlackQuestion
    from bot.ledger import Entry, Ledger
    from bot.slack.users import Users
    from bot.text.wording import Wording
    from rag.domain import Usage

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """Who may ask. Empty `allowed_channels` and `allowed_users` allow all; direct messages are no channel."""

    users: Users
    identity: BotIdentity
    allowed_channels: tuple[str, ...] = ()
    allowed_users: tuple[str, ...] = ()
    guests: bool = False
    external: bool = False

    async def refusal(self, user: str, *, channel: str) -> str:
        """Return what to tell this person in this channel; "" when they may ask."""
        if self.allowed_channels and not channel.startswith("D") and channel not in self.allowed_channels:
            return (await self.users.words(user)).not_in_this_channel
        if self.allowed_users and user and user not in self.allowed_users:
            return (await self.users.words(user)).not_this_person
        if not user or (self.guests and self.external):  # an app that asks for nobody is allowed by its id
            return ""
        person = await self.users.person(user)
        if not self.external and self._is_external(person):
            return (await self.users.words(user)).not_other_organisations
        if not self.guests and (person.get("is_restricted") or person.get("is_ultra_restricted")):
            return (await self.users.words(user)).not_guests
        return ""

    def _is_external(self, person: dict[str, Any]) -> bool:
        if person.get("is_stranger") or not person:
            return True
        organisation = (person.get("enterprise_user") or {}).get("enterprise_id") or ""
        same_organisation = bool(self.identity.enterprise) and organisation == self.identity.enterprise
        return bool(person.get("team_id")) and person["team_id"] != self.identity.team and not same_organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionLimits:
    """How many questions a minute are answered `per_user` and `per_channel`, over all replicas; 0 for any number."""

    ledger: Ledger
    users: Users
    per_user: int
    per_channel: int

    async def refusal(self, entry: Entry) -> str:
        """Return what to tell someone who has to wait; "" when there is room.

        Who was let in once stays in, and nobody is to wait who has waited for the bot.
        """
        if entry.tries > 1 or entry.revision or entry.question.is_late or not (self.per_user or self.per_channel):
            return ""
        of_user, in_channel = await self.ledger.usage.count_in_last_minute(entry)
        words = await self.users.words(entry.question.user)
        if self.per_user and of_user >= self.per_user:
            return words.too_many_of_yours.format(most=self.per_user)
        if self.per_channel and in_channel >= self.per_channel:
            return words.too_many_here.format(most=self.per_channel)
        return ""


MOST_RECORDS, RECORDS_AFTER_S = 100, 1.0


def _log_failure(error: BaseException) -> None:
    logger.error("It can't be noted what a question took: %s", error, exc_info=error)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBudget:
    """How many tokens the language model may take `per_day` (UTC), and for the questions of one person; 0 for any.

    What a model does not tell of its tokens is not counted.
    """

    ledger: Ledger
    per_day: int = 0
    per_user: int = 0
    unrecorded: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Tokens of prompt and completion by person and model, of the last second."""
    tasks: BackgroundTasks = field(default_factory=lambda: BackgroundTasks(most=MOST_RECORDS, on_error=_log_failure))

    async def notice(self, question: SlackQuestion) -> Notice | None:
        """Return why the model is not asked any more today; None where it is."""
        if not (self.per_day or self.per_user):
            return None
        taken, own = await self.ledger.usage.tokens_today(question.user)
        taken += sum(sum(spent) for spent in self.unrecorded.values())
        own += sum(sum(spent) for (user, _), spent in self.unrecorded.items() if user == question.user)
        if self.per_day and taken >= self.per_day:
            return SPENT
        is_own_spent = bool(question.user) and 0 < self.per_user <= own
        return OWN_SPENT if is_own_spent else None

    def record(self, question: SlackQuestion, model: str, usage: Usage) -> None:
        """Note what a question took; its answer neither fails nor waits for that."""
        count_tokens(model, usage)
        if not self.unrecorded:
            self.tasks.start(self._record())
        prompt, completion = self.unrecorded.get((question.user, model), (0, 0))
        spent = prompt + usage.prompt_tokens, completion + usage.completion_tokens
        self.unrecorded[question.user, model] = spent

    async def _record(self) -> None:
        """Note what comes within a second in one transaction; what a crash takes with it is not counted."""
        await asyncio.sleep(RECORDS_AFTER_S)
        spent = [SpentTokens(*of, *numbers) for of, numbers in self.unrecorded.items()]
        self.unrecorded.clear()
        try:
            await self.ledger.usage.record_tokens(spent)
        except LedgerError as error:
            logger.warning("It can't be noted what a question took: %s", error)


SPENT = Notice(
    kind="tokens spent",
    text="The language model's tokens for today are used up; until midnight UTC these are the passages themselves.",
)
OWN_SPENT = Notice(
    kind="own tokens spent",
    text="Your share of the language model for today is used up; until midnight UTC these are the passages themselves.",
)


@dataclass(frozen=True, slots=True)
class Admission:
    """Decides whether a question is answered at all."""

    policy: AccessPolicy
    limits: QuestionLimits

    async def refusal(self, entry: Entry) -> Refused | None:
        """Return why a question is refused; None where it is to be answered."""
        question = entry.question
        if text := await self.policy.refusal(question.user, channel=question.channel):
            return Refused(text, MAY_NOT_ASK)
        if text := await self.limits.refusal(entry):
            return Refused(text, TOO_MANY)
        return None


def question_problem(text: str, words: Wording, *, bot_name: str = "milvusfaq") -> str:
    """Return what to tell someone whose question can't be answered as it stands; "" when it can."""
    if not text:
        return words.empty_question
    if small_talk(text) == "hello" or not re.search(r"\w", text):
        return words.help.format(name=bot_name)
    return ""
