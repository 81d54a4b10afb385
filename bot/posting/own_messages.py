"""This file is where a Slack thread becomes the conversation so far, and where the bot finds its own messages again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from bot.slack.errors import talking_to_slack

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import Inquiry


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


async def read_back(client: AsyncWebClient, inquiry: Inquiry, *events: str) -> list[tuple[str, dict[str, Any]]]:
    """Return ts and metadata of the bot's messages of these kinds that belong to this question, in its thread."""
    replies = await read_replies(client, inquiry, oldest=inquiry.since)
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
    replies = await read_replies(client, inquiry, oldest=inquiry.since)
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
    replies = await read_replies(client, inquiry, oldest=inquiry.since)
    return any(
        float(reply["ts"]) > float(inquiry.since) and reply.get("user") not in {bot_user, "USLACKBOT"}
        for reply in replies
    )


async def read_replies(client: AsyncWebClient, inquiry: Inquiry, *, oldest: str | None = None) -> list[dict[str, Any]]:
    """Return the messages of a question's thread, the first thousand and the last ones, or those after `oldest`."""
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
    return replies + [reply for reply in await read_replies(client, inquiry, oldest=lately) if reply["ts"] not in known]
