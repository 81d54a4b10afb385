"""Slash commands: `/milvusfaq QUESTION`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.answering.admission import objection
from bot.listeners.parsing import read_command
from bot.posting.destinations import tell_privately
from bot.text.wording import wording

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_bolt.context.respond.async_respond import AsyncRespond

    from bot.jobs.worker import Workers
    from bot.ledger import Ledger
    from bot.slack.users import People


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandListeners:
    """What takes commands. `bot_user` is the bot's own user id, `bot_name` what it is mentioned by."""

    ledger: Ledger
    workers: Workers
    people: People
    bot_user: str
    bot_name: str

    async def on_command(self, ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        """Take up `/milvusfaq QUESTION`; Slack never delivers a command twice, so it is on disk before the ack."""
        inquiry = read_command(command, bot_user=self.bot_user)
        if objection(inquiry.text or "help", wording()):
            await ack()
            words = await self.people.words(inquiry.user)
            await tell_privately(respond, objection(inquiry.text or "help", words, bot_name=self.bot_name))
            return
        entry = await self.ledger.accept(inquiry, reply_url=command["response_url"])
        await ack()
        if entry:
            self.workers.take(entry)
