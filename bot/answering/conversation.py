"""Conversation: a Slack thread as the turns before a question, and whether a person has taken over."""

from __future__ import annotations

import html
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.posting.own_messages import NOTICE_EVENT, QUESTION_EVENT, RECENT_S, read_replies
from bot.reading.authors import app_name, author_of
from bot.reading.message import read_message
from bot.rendering.blocks import asked_in
from bot.slack.errors import RateLimitedError, SlackRefusedError
from rag import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity, SlackQuestion
    from bot.ledger import Ledger
    from bot.slack.users import Users
    from bot.text.wording import Wording

logger = logging.getLogger(__name__)

RATE_LIMITED = "ratelimited"
PATIENCE_S = 5.0
"""So long an answer may wait to know its thread."""
TELL_EVERY_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Conversation:
    """A question's own thread: the turns before it, oldest first, and whether a person has taken over from the bot.

    `refusal` is why Slack does not show the thread, None where it does.
    """

    turns: tuple[Message, ...] = ()
    taken_over: bool = False
    refusal: SlackRefusedError | None = None


@dataclass(slots=True)
class ReadingLimit:
    """How long Slack wants no thread read: to some apps it shows one page of 15 messages a minute."""

    until: float = 0.0
    told_at: float = -TELL_EVERY_S

    def wait_s(self) -> float:
        """Return for how many seconds no thread can be read."""
        return self.until - time.monotonic()

    def is_known(self) -> bool:
        """Tell whether there has been such a limit of late."""
        return time.monotonic() - self.told_at < TELL_EVERY_S

    def note(self, error: RateLimitedError) -> None:
        """Remember it, and tell it now and then."""
        now = time.monotonic()
        self.until = now + error.retry_after_s
        if now - self.told_at >= TELL_EVERY_S:
            self.told_at = now
            logger.warning(
                "Slack lets no thread be read for %g s: answers go on without what was said before. To an app that is "
                "distributed outside the Marketplace it shows one page a minute; to one of your own workspace more.",
                error.retry_after_s,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationReader:
    """Reads threads."""

    client: AsyncWebClient
    ledger: Ledger
    users: Users
    bot: BotIdentity
    limit: ReadingLimit = field(default_factory=ReadingLimit)

    async def read(self, question: SlackQuestion) -> Conversation:
        """Read the question's own thread.

        A thread that Slack will not show costs the answer its context, not the asker the answer.
        """
        askers = await self.ledger.threads.askers(question.thread) if question.is_unaddressed else set()
        if not question.has_earlier_messages and question.origin != "support":
            return Conversation()
        try:
            replies = await self._replies(question)
        except SlackRefusedError as error:
            logger.warning("The thread %s can't be read: %s", question.thread_ts, error)
            return Conversation(refusal=error if question.has_earlier_messages else None)
        people = await self._people_in(replies)
        return Conversation(
            turns_before(question, replies, self.bot, people),
            is_taken_over(question, replies, self.bot, askers, people),
        )

    async def _people_in(self, replies: Iterable[dict[str, Any]]) -> set[str]:
        """Return the users who are people, of those for whom an app has posted."""
        unclear = {str(reply["user"]) for reply in replies if author_of(reply, self.bot) == "perhaps a person"}
        return {user for user in unclear if await self.users.is_person(user)}

    async def _replies(self, question: SlackQuestion) -> list[dict[str, Any]]:
        """Return the thread's messages; a limit that lasts is a refusal: nobody is to wait a minute for an answer."""
        if self.limit.wait_s() > PATIENCE_S:
            raise SlackRefusedError(RATE_LIMITED)
        recent = f"{float(question.ts) - RECENT_S:.6f}" if question.has_message else None
        try:  # of a page of 15 messages the last ones count
            return await read_replies(
                self.client, question, oldest=recent if self.limit.is_known() else None, on_limit=self.limit.note
            )
        except RateLimitedError as error:
            if error.retry_after_s <= PATIENCE_S:
                raise
            self.limit.note(error)
            raise SlackRefusedError(RATE_LIMITED) from error


def thread_unread_line(refusal: SlackRefusedError, words: Wording, *, bot_name: str) -> str:
    """Return what to tell an asker whose thread Slack does not show."""
    kind = refusal.kind if refusal.kind in {"not_a_member", "scope"} else "otherwise"
    if kind == "otherwise":
        return words.thread_unread.format(reason=words.unread_otherwise.format(code=refusal.code))
    return words.thread_unread.format(reason=words.refusal(kind, code=refusal.code, bot_name=bot_name))


def turns_before(
    question: SlackQuestion,
    replies: Iterable[dict[str, Any]],
    bot: BotIdentity,
    people: AbstractSet[str] = frozenset(),
) -> tuple[Message, ...]:
    """Return what was said in a thread before the question: by people, by the bot, and by the app that began it."""
    before = (reply for reply in replies if not question.has_message or float(reply["ts"]) < float(question.ts))
    turns = (_turn(reply, bot, people, is_first=reply["ts"] == question.thread_ts) for reply in before)
    return tuple(turn for turn in turns if turn and turn.text)


def is_taken_over(
    question: SlackQuestion,
    replies: Sequence[dict[str, Any]],
    bot: BotIdentity,
    askers: AbstractSet[str],
    people: AbstractSet[str] = frozenset(),
) -> bool:
    """Tell whether someone talks who has asked the bot nothing: after its last answer, or after the question.

    Who has asked is who began the thread or mentioned the bot in it, and the `askers`. A mention gives the thread back
    to the bot.
    """
    asking, taken_over = set(askers), False
    for reply in sorted(replies, key=lambda reply: float(reply["ts"])):
        user, author = str(reply.get("user")), author_of(reply, bot, people)
        if author == "the bot":
            is_notice = (reply.get("metadata") or {}).get("event_type") == NOTICE_EVENT
            taken_over = taken_over and is_notice
        elif f"<@{bot.user}>" in (reply.get("text") or ""):
            asking.add(user)
            taken_over = False
        elif reply["ts"] == question.thread_ts:
            asking.add(user)
        elif author == "a person" and user not in asking:
            taken_over = True
    return taken_over


def _turn(reply: dict[str, Any], bot: BotIdentity, people: AbstractSet[str], *, is_first: bool) -> Message | None:
    """Return a message as a turn; None for what is none. What an app has begun a thread with is its material."""
    author = author_of(reply, bot, people)
    if author == "the bot":
        return _own_turn(reply)
    if author == "a person" or (is_first and author in {"an app", "perhaps a person"}):
        text = read_message(reply, bot_user=bot.user).text
        name = app_name(reply) if author != "a person" else ""
        return Message(role="user", text=f"{name}:\n{text}" if name and text else text)
    return None


def _own_turn(reply: dict[str, Any]) -> Message | None:
    metadata = reply.get("metadata") or {}
    if metadata.get("event_type") == NOTICE_EVENT:
        return None
    if metadata.get("event_type") == QUESTION_EVENT:
        return Message(role="user", text=asked_in(reply))
    return Message(role="assistant", text=html.unescape(reply.get("text") or ""))
