"""Slash commands: `/milvusfaq QUESTION`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.answering.admission import question_problem
from bot.listeners.parsing import read_command
from bot.posting.own_messages import respond_privately
from bot.text.wording import wording

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_bolt.context.respond.async_respond import AsyncRespond

    from bot.domain import BotIdentity
    from bot.jobs.worker import Worker
    from bot.ledger import Ledger
    from bot.slack.users import Users


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandListeners:
    """Takes commands."""

    ledger: Ledger
    worker: Worker
    users: Users
    identity: BotIdentity

    async def on_command(self, ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        """Accept `/milvusfaq QUESTION`; Slack never delivers a command twice, so it is on disk before the ack."""
        question = read_command(command, bot_user=self.identity.user)
        if question_problem(question.text or "help", wording()):
            await ack()
            words = await self.users.words(question.user)
            await respond_privately(
                respond, question_problem(question.text or "help", words, bot_name=self.identity.name)
            )
            return
        entry = await self.ledger.questions.accept(question, reply_url=command["response_url"])
        await ack()
        if entry:
            self.worker.submit(entry)
