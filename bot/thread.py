"""This file is where a Slack thread becomes the conversation so far, and where the bot finds its own messages again."""

from __future__ import annotations

import html
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from slack_sdk.errors import SlackApiError

from bot.intake import plain_text
from bot.slack_errors import explain, talking_to_slack
from rag import Message

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.intake import Inquiry

logger = logging.getLogger(__name__)

QUESTION_EVENT = "milvusfaq_question"
"""The metadata type of the message that stands for a slash command's question: posted by the bot, said by a person."""
ANSWER_EVENT = "milvusfaq_answer"
"""The metadata type of a part of an answer."""
NOTICE_EVENT = "milvusfaq_notice"
"""The metadata type of what the bot says about itself: no turn of the conversation."""
Notice = Literal["wait", "untaken", "plea", "where", "elsewhere"]
"""That the answer takes longer, that a question could not be taken, that a person is called, where; word from afar."""
PAGE_SIZE = 200
MAX_PAGES = 5
LATELY_S = 3_600.0
READ_BACK_BEFORE_S = 60.0
"""Our clock and Slack's may differ by so much."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A question's own thread: the turns before it, oldest first, and whether a person has taken over from the bot."""

    turns: tuple[Message, ...] = ()
    taken_over: bool = False


async def read_thread(
    client: AsyncWebClient, inquiry: Inquiry, *, bot_user: str, askers: AbstractSet[str] = frozenset()
) -> Thread:
    """Read the question's own thread; other bots' messages are no turns. `askers` are known to have asked the bot.

    A thread that Slack will not show costs the answer its context, not the asker the answer.
    """
    if not inquiry.in_running_thread and inquiry.way != "support":
        return Thread()
    try:
        replies = await _replies(client, inquiry)
    except SlackApiError as error:
        logger.warning("The thread %s can't be read: %s", inquiry.thread_ts, explain(error))
        return Thread()
    turns = (_turn(reply, bot_user) for reply in replies if _is_before(reply, inquiry))
    return Thread(
        tuple(turn for turn in turns if turn and turn.text), _is_taken_over(replies, inquiry, bot_user, askers)
    )


def _is_taken_over(replies: list[dict[str, Any]], inquiry: Inquiry, bot_user: str, askers: AbstractSet[str]) -> bool:
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
        elif reply["ts"] == inquiry.thread_ts:
            asking.add(user)
        elif not reply.get("bot_id") and user not in asking:
            taken_over = True
    return taken_over


async def look_at_thread(client: AsyncWebClient, inquiry: Inquiry) -> None:
    """Make sure that the bot is where the thread is: Slack refuses to show it otherwise."""
    with talking_to_slack():
        await client.conversations_replies(channel=inquiry.channel, ts=inquiry.thread_ts, limit=1)


async def read_back(client: AsyncWebClient, inquiry: Inquiry, *events: str) -> list[tuple[str, dict[str, Any]]]:
    """Return ts and metadata of the bot's messages of these kinds that belong to this question, in its thread."""
    replies = await _replies(client, inquiry, oldest=inquiry.since)
    return [
        (str(reply["ts"]), metadata["event_payload"])
        for reply in replies
        if (metadata := reply.get("metadata") or {}).get("event_type") in events
        and metadata["event_payload"].get("question") == inquiry.ts
        and (reply.get("bot_id") or reply.get("app_id"))
    ]


async def read_notices(client: AsyncWebClient, inquiry: Inquiry, notice: Notice) -> list[str]:
    """Return the ts of what the bot has said of one kind about this question."""
    said = await read_back(client, inquiry, NOTICE_EVENT)
    return [ts for ts, payload in said if payload.get("notice") == notice]


async def read_unmarked(client: AsyncWebClient, inquiry: Inquiry, *, bot_user: str) -> list[str]:
    """Return the ts of the bot's messages after the question that were cut short: streams, and answers that grew."""
    replies = await _replies(client, inquiry, oldest=inquiry.since)
    return [str(reply["ts"]) for reply in replies if reply.get("user") == bot_user and _is_cut_short(reply, inquiry)]


def _is_cut_short(reply: dict[str, Any], inquiry: Inquiry) -> bool:
    """Tell a message that does not say what it is: only a stream's end can; or one that says that it grows."""
    metadata = reply.get("metadata") or {}
    if metadata.get("event_type") not in {ANSWER_EVENT, NOTICE_EVENT, QUESTION_EVENT}:
        return True
    payload = metadata["event_payload"]
    return bool(payload.get("growing")) and payload.get("question") == inquiry.ts


async def has_replies(client: AsyncWebClient, inquiry: Inquiry, *, bot_user: str) -> bool:
    """Tell whether a person has written in the thread after the question."""
    replies = await _replies(client, inquiry, oldest=inquiry.since)
    return any(
        float(reply["ts"]) > float(inquiry.since) and reply.get("user") not in {bot_user, "USLACKBOT"}
        for reply in replies
    )


async def find_question(client: AsyncWebClient, inquiry: Inquiry, *, age_s: float) -> str:
    """Return the ts of the message that was posted for a command's question `age_s` ago; "" where none is seen."""
    try:
        with talking_to_slack():
            page = await client.conversations_history(
                channel=inquiry.channel,
                limit=PAGE_SIZE,
                oldest=f"{time.time() - age_s - READ_BACK_BEFORE_S:.6f}",
                include_all_metadata=True,
            )
    except SlackApiError as error:
        logger.info("The channel %s can't be read: %s", inquiry.channel, explain(error))
        return ""
    for message in page["messages"]:
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == QUESTION_EVENT and metadata["event_payload"].get("key") == inquiry.ts:
            return str(message["ts"])
    return ""


async def _replies(client: AsyncWebClient, inquiry: Inquiry, *, oldest: str | None = None) -> list[dict[str, Any]]:
    replies: list[dict[str, Any]] = []
    cursor = None
    for _ in range(MAX_PAGES):
        with talking_to_slack():
            page = await client.conversations_replies(
                channel=inquiry.channel,
                ts=inquiry.thread_ts,
                limit=PAGE_SIZE,
                cursor=cursor,
                oldest=oldest,
                include_all_metadata=True,
            )
        replies += page["messages"]
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return replies
    if oldest or not inquiry.has_message:
        return replies
    lately = f"{float(inquiry.ts) - LATELY_S:.6f}"  # the first thousand are read, and what was said last counts more
    known = {reply["ts"] for reply in replies}
    return replies + [reply for reply in await _replies(client, inquiry, oldest=lately) if reply["ts"] not in known]


def _is_before(reply: dict[str, Any], inquiry: Inquiry) -> bool:
    return not inquiry.has_message or float(reply["ts"]) < float(inquiry.ts)


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
