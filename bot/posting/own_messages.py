"""The bot's own messages: posted with what they are in their metadata, and found again by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from slack_sdk.models.metadata import Metadata

from bot.reading.authors import author_of, is_own
from bot.rendering.blocks import notice_message, without_markdown
from bot.slack.errors import RateLimitedError, slack_call
from bot.slack.replies import field_of

if TYPE_CHECKING:
    from slack_bolt.context.respond.async_respond import AsyncRespond
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity, SlackMessage, SlackQuestion

OnLimit = Callable[[RateLimitedError], None]
QUESTION_EVENT = "milvusfaq_question"
"""The metadata type of the message that stands for a slash command's question: posted by the bot, said by a person."""
ANSWER_EVENT = "milvusfaq_answer"
"""The metadata type of a part of an answer."""
NOTICE_EVENT = "milvusfaq_notice"
"""The metadata type of what the bot says about itself: no turn of the conversation."""
NoticeKind = Literal["wait", "untaken", "plea", "where", "elsewhere", "replaced"]
"""What a notice says, as Slack keeps it.

wait: the answer takes longer. untaken: a question could not be accepted. plea: a person is called. where: they are
called in another channel. elsewhere: it stands in another place than the question that it is about.
replaced: an answer stood here that holds no more, and could not be deleted.
"""
ELSEWHERE = {"question": "", "notice": "elsewhere"}
PAGE_SIZE = 200
MAX_PAGES = 5
RECENT_S = 3_600.0


async def post_message(
    client: AsyncWebClient, channel: str, message: SlackMessage, metadata: Metadata, *, thread_ts: str | None = None
) -> str:
    """Post a message that says in its metadata what it is; return its ts."""
    with slack_call():
        posted = await client.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts,
            text=message.text,
            blocks=message.blocks,
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
        )
        return field_of(posted, "ts", str)


async def post_elsewhere(client: AsyncWebClient, channel: str, message: SlackMessage) -> str:
    """Post what is about a question into a channel where it was not asked; return its ts."""
    return await post_message(client, channel, message, Metadata(NOTICE_EVENT, ELSEWHERE))


async def post_ephemeral(
    client: AsyncWebClient, channel: str, user: str, message: SlackMessage, *, thread_ts: str | None = None
) -> None:
    """Show a message in a channel to one person alone."""
    with slack_call():
        await client.chat_postEphemeral(
            channel=channel, user=user, thread_ts=thread_ts, text=message.text, blocks=message.blocks
        )


async def send_direct_message(client: AsyncWebClient, user: str, message: SlackMessage) -> None:
    """Write to someone, in their direct messages with the bot."""
    await post_message(client, user, message, Metadata(NOTICE_EVENT, ELSEWHERE))


async def respond_privately(respond: AsyncRespond, text: str) -> None:
    """Tell the person who used a command, and nobody else."""
    message = notice_message(text)
    await respond(text=message.text, blocks=without_markdown(message.blocks), response_type="ephemeral")


async def find_own_messages(
    client: AsyncWebClient, question: SlackQuestion, *events: str, bot: BotIdentity
) -> list[tuple[str, dict[str, Any]]]:
    """Return ts and metadata of the bot's messages of these kinds that belong to this question, in its thread.

    Another app's message may carry the same metadata: it is not ours to change, and answers nothing.
    """
    replies = await read_replies(client, question, oldest=question.since)
    return [
        (str(reply["ts"]), metadata["event_payload"])
        for reply in replies
        if (metadata := reply.get("metadata") or {}).get("event_type") in events
        and metadata["event_payload"].get("question") == question.ts
        and is_own(reply, bot)
    ]


async def read_notices(
    client: AsyncWebClient, question: SlackQuestion, notice: NoticeKind, *, bot: BotIdentity
) -> list[str]:
    """Return the ts of what the bot has said of one kind about this question."""
    said = await find_own_messages(client, question, NOTICE_EVENT, bot=bot)
    return [ts for ts, payload in said if payload.get("notice") == notice]


async def read_unfinished(client: AsyncWebClient, question: SlackQuestion, *, bot: BotIdentity) -> list[str]:
    """Return the ts of the bot's messages after the question that were cut short: streams, and answers that grew."""
    replies = await read_replies(client, question, oldest=question.since)
    return [str(reply["ts"]) for reply in replies if is_own(reply, bot) and _is_cut_short(reply, question)]


def _is_cut_short(reply: dict[str, Any], question: SlackQuestion) -> bool:
    """Tell a message that does not say what it is: only a stream's end can; or one that says that it grows."""
    metadata = reply.get("metadata") or {}
    if metadata.get("event_type") not in {ANSWER_EVENT, NOTICE_EVENT, QUESTION_EVENT}:
        return True
    payload = metadata["event_payload"]
    return bool(payload.get("growing")) and payload.get("question") == question.ts


async def has_replies(client: AsyncWebClient, question: SlackQuestion, *, bot: BotIdentity) -> bool:
    """Tell whether a person has written in the thread after the question."""
    replies = await read_replies(client, question, oldest=question.since)
    return any(
        float(reply["ts"]) > float(question.since) and author_of(reply, bot) not in {"the bot", "Slack"}
        for reply in replies
    )


async def read_replies(
    client: AsyncWebClient, question: SlackQuestion, *, oldest: str | None = None, on_limit: OnLimit | None = None
) -> list[dict[str, Any]]:
    """Return the messages of a question's thread, the first thousand and the last hour's, or those after `oldest`.

    With `on_limit`, which is told of it, a rate limit ends the reading: what was read so far is returned.
    """
    replies: list[dict[str, Any]] = []
    cursor = None
    for _ in range(MAX_PAGES):
        try:
            page, cursor = await _read_page(client, question, oldest=oldest, cursor=cursor)
        except RateLimitedError as error:
            if not on_limit or not replies:
                raise
            on_limit(error)
            return replies
        replies += page
        if not cursor:
            return replies
    if oldest or not question.has_message:
        return replies
    recent = f"{float(question.ts) - RECENT_S:.6f}"  # what was said last counts more than what follows the first pages
    known = {reply["ts"] for reply in replies}
    try:
        later = await read_replies(client, question, oldest=recent, on_limit=on_limit)
    except RateLimitedError as error:
        if not on_limit:
            raise
        on_limit(error)
        return replies
    return replies + [reply for reply in later if reply["ts"] not in known]


async def _read_page(
    client: AsyncWebClient, question: SlackQuestion, *, oldest: str | None, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of a question's thread, and where the next one begins; None where there is none."""
    with slack_call():
        page = await client.conversations_replies(
            channel=question.channel,
            ts=question.thread_ts,
            limit=PAGE_SIZE,
            cursor=cursor,
            oldest=oldest,
            include_all_metadata=True,
        )
        return field_of(page, "messages", list), (page.get("response_metadata") or {}).get("next_cursor") or None
