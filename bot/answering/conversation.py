"""Conversation: a Slack thread as the turns before a question, and whether a person has taken over."""

from __future__ import annotations

import html
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.posting.own_messages import NOTICE_EVENT, QUESTION_EVENT, read_replies
from bot.slack.errors import SlackRefusedError
from bot.text.mrkdwn import plain_text
from rag import Message

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import SlackQuestion
    from bot.ledger import Ledger

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A question's own thread: the turns before it, oldest first, and whether a person has taken over from the bot."""

    turns: tuple[Message, ...] = ()
    taken_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationReader:
    """Reads threads; `bot_user` is the bot's own user id."""

    client: AsyncWebClient
    ledger: Ledger
    bot_user: str

    async def read(self, question: SlackQuestion) -> Conversation:
        """Read the question's own thread; other bots' messages are no turns.

        A thread that Slack will not show costs the answer its context, not the asker the answer.
        """
        askers = await self.ledger.threads.askers(question.thread) if question.is_unaddressed else set()
        if not question.has_earlier_messages and question.origin != "support":
            return Conversation()
        try:
            replies = await read_replies(self.client, question)
        except SlackRefusedError as error:
            logger.warning("The thread %s can't be read: %s", question.thread_ts, error)
            return Conversation()
        turns = (_turn(reply, self.bot_user) for reply in replies if _is_before(reply, question))
        return Conversation(
            tuple(turn for turn in turns if turn and turn.text),
            _is_taken_over(replies, question, self.bot_user, askers),
        )


def _is_taken_over(
    replies: list[dict[str, Any]], question: SlackQuestion, bot_user: str, askers: AbstractSet[str]
) -> bool:
    """Tell whether someone talks who has asked the bot nothing: after its last answer, or after the question.

    Who has asked is who began the thread or mentioned the bot in it, and the `askers`. A mention gives the thread back
    to the bot.
    """
    asking, taken_over = set(askers), False
    for reply in sorted(replies, key=lambda reply: float(reply["ts"])):
        user = str(reply.get("user"))
        if user == bot_user:
            is_notice = (reply.get("metadata") or {}).get("event_type") == NOTICE_EVENT
            taken_over = taken_over and is_notice
        elif f"<@{bot_user}>" in (reply.get("text") or ""):
            asking.add(user)
            taken_over = False
        elif reply["ts"] == question.thread_ts:
            asking.add(user)
        elif not reply.get("bot_id") and user not in asking:
            taken_over = True
    return taken_over


def _is_before(reply: dict[str, Any], question: SlackQuestion) -> bool:
    return not question.has_message or float(reply["ts"]) < float(question.ts)


def _turn(reply: dict[str, Any], bot_user: str) -> Message | None:
    metadata = reply.get("metadata") or {}
    if reply.get("user") == bot_user:
        if metadata.get("event_type") == NOTICE_EVENT:
            return None
        if metadata.get("event_type") == QUESTION_EVENT:
            return Message(role="user", text=metadata["event_payload"]["question"])
        return Message(role="assistant", text=html.unescape(reply.get("text") or ""))
    if reply.get("bot_id"):
        return None
    return Message(role="user", text=plain_text(reply.get("text") or "", bot_user=bot_user))
