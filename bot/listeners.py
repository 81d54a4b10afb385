"""This file is where each kind of Slack event is taken up: on_mention, on_message, on_command."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot import wording
from bot.intake import Inquiry, Quiet, plain_text, read_mention, read_message
from bot.reply import answer_privately, post_answer, post_notice, post_question, show_status, tell_privately
from bot.thread import read_thread
from rag import Question

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_bolt.context.async_context import AsyncBoltContext
    from slack_bolt.context.respond.async_respond import AsyncRespond
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.ledger import Ledger
    from rag import Answer, Answerer

logger = logging.getLogger(__name__)

CANNOT_POST_HERE = {"not_in_channel", "channel_not_found", "restricted_action", "is_archived", "no_permission"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """What Slack's events are answered with. `bot_user` is the bot's own user id, `bot_name` what people invite."""

    answerer: Answerer
    ledger: Ledger
    bot_user: str
    bot_name: str
    support_channels: tuple[str, ...]

    async def on_mention(self, event: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext) -> None:
        """Answer a mention in its thread."""
        await self._take_up(read_mention(event, bot_user=self.bot_user), client, context)

    async def on_message(self, event: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext) -> None:
        """Answer a DM, a mention whose other event comes later, or a question in a support channel."""
        read = read_message(event, bot_user=self.bot_user, support_channels=self.support_channels)
        await self._take_up(read, client, context)

    async def on_command(
        self, ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        """Answer `/milvusfaq QUESTION` in the thread of a message that stands for the question."""
        await ack()
        text = plain_text(command.get("text") or "", bot_user=self.bot_user)
        if text.lower() in {"", "help", "?"}:
            await tell_privately(respond, wording.HELP)
        elif problem := _problem(text):
            await tell_privately(respond, problem)
        else:
            await self._answer_command(command, text, client, respond)

    async def on_anything_else(self) -> None:
        """Do nothing: Bolt acknowledges only what some listener takes, and Slack redelivers the rest."""

    async def _take_up(self, read: Inquiry | Quiet, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        if isinstance(read, Quiet):
            logger.debug("Quiet: %s", read.reason)
            return
        key = (context.team_id or read.team, read.channel, read.ts)
        if not self.ledger.claim(key):
            logger.debug("Accepted before: %s", key)
        elif problem := _problem(read.text):
            await post_notice(client, read, problem)
        else:
            await self._answer(read, client)

    async def _answer(self, inquiry: Inquiry, client: AsyncWebClient) -> None:
        begun = time.monotonic()
        history, _ = await asyncio.gather(
            read_thread(client, inquiry, bot_user=self.bot_user), show_status(client, inquiry)
        )
        answer = await self.answerer.answer(Question(text=inquiry.text, history=history))
        await post_answer(client, inquiry, answer)
        _log(inquiry.channel, inquiry.ts, answer, begun)

    async def _answer_command(
        self, command: dict[str, Any], text: str, client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        channel, user = command["channel_id"], command["user_id"]
        try:
            ts = await post_question(client, channel=channel, user=user, question=text)
        except SlackApiError as error:
            if error.response.get("error") not in CANNOT_POST_HERE:
                raise
            begun = time.monotonic()
            answer = await self.answerer.answer(Question(text=text))
            await answer_privately(respond, answer, bot_name=self.bot_name)
            _log(channel, "private", answer, begun)
            return
        team = command.get("team_id") or ""
        await self._answer(Inquiry(team=team, channel=channel, ts=ts, thread_ts=ts, user=user, text=text), client)


def _problem(text: str) -> str | None:
    """Return what to tell someone whose question can't be taken up; None when it can."""
    if not text:
        return wording.EMPTY_QUESTION
    if text.lower() == "help":
        return wording.HELP
    return wording.too_long(len(text)) if len(text) > wording.MAX_QUESTION_CHARACTERS else None


def _log(channel: str, ts: str, answer: Answer, begun: float) -> None:
    seconds = time.monotonic() - begun
    logger.info("Answered %s %s: %s, %d citations, %.2f s", channel, ts, answer.kind, len(answer.citations), seconds)
