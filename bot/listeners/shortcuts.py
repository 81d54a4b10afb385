"""Shortcuts: the message shortcut shows a form with the message's question, then the question is asked."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.answering.admission import question_problem
from bot.ledger import LedgerError
from bot.listeners.parsing import read_form
from bot.posting.own_messages import respond_privately
from bot.reading.message import read_message
from bot.rendering.action_ids import FORM_QUESTION
from bot.rendering.forms import ask_form
from bot.slack.errors import SlackError, slack_call

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_bolt.context.respond.async_respond import AsyncRespond
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.slack.users import Users

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcuts:
    """Takes questions that are asked about a message; `bot_user` is the bot's own user id."""

    ledger: Ledger
    worker: Worker
    users: Users
    bot_user: str

    async def on_shortcut(
        self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        """Show the form; its trigger is good for three seconds."""
        await ack()
        message, words = body["message"], await self.users.words(body["user"]["id"])
        about = {
            "team": (body.get("team") or {}).get("id") or "",
            "channel": body["channel"]["id"],
            "thread_ts": message.get("thread_ts") or message["ts"],
            "reply_url": body["response_url"],
        }
        question = read_message(message, bot_user=self.bot_user).text
        try:
            with slack_call():
                form = ask_form(words, question, private_metadata=json.dumps(about))
                await client.views_open(trigger_id=body["trigger_id"], view=form)
        except SlackError as error:
            logger.warning("The form for a question could not be shown: %s", error)
            await respond_privately(respond, words.not_now)

    async def on_form(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Take the question down, then close the form; what can't be taken stays there with the reason."""
        words, about = await self.users.words(body["user"]["id"]), json.loads(view["private_metadata"])
        question = read_form(view, about, user=body["user"]["id"])
        if problem := question_problem(question.text, words):
            await ack(response_action="errors", errors={FORM_QUESTION: problem})
            return
        try:
            entry = await self.ledger.questions.accept(question, reply_url=about["reply_url"])
        except LedgerError as error:
            logger.warning("A question can't be accepted: %s", error)
            await ack(response_action="errors", errors={FORM_QUESTION: words.can_not_note_now})
            return
        await ack()
        if entry:
            self.worker.submit(entry)
