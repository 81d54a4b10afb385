"""Feedback: the thumbs under an answer, and the form that asks why."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain import MessageRef
from bot.ledger import LedgerError
from bot.listeners.actions.interaction import Interaction
from bot.rendering.action_ids import FORM_REASON, FORM_WORDS
from bot.rendering.forms import FEEDBACK_REASONS, feedback_form
from bot.slack.errors import SlackError, slack_call
from bot.telemetry import FEEDBACK
from bot.telemetry import FEEDBACK_REASONS as REASONS_GIVEN
from bot.text.redaction import redact

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.jobs.feedback import FeedbackTeller
    from bot.ledger import Ledger
    from bot.slack.users import Users

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FeedbackActions:
    """What people think of answers, as the ledger keeps it: one vote a person and question, the last one."""

    ledger: Ledger
    users: Users
    teller: FeedbackTeller

    async def on_button(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Keep a vote; after a thumbs-down ask what was wrong. The form's trigger is good for three seconds."""
        interaction = Interaction(client, body, self.users)
        pressed = json.loads(interaction.value)
        about = {"team": interaction.team, "channel": interaction.channel, "question": pressed["question"]}
        try:
            await self._keep(about, user=interaction.user, liked=pressed["liked"])
        except LedgerError as error:
            logger.warning("A vote can't be kept: %s", error)
            await ack()
            await interaction.post_ephemeral((await interaction.words()).feedback_not_kept)
            return
        await ack()
        FEEDBACK.labels("liked" if pressed["liked"] else "disliked").inc()
        if not pressed["liked"]:
            await self._ask_why(interaction, about)

    async def on_form(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Keep what was wrong, with the vote; a form that can't be kept stays open and says so."""
        values = view["state"]["values"]
        chosen = (values[FORM_REASON][FORM_REASON].get("selected_option") or {}).get("value") or ""
        said = redact((values[FORM_WORDS][FORM_WORDS].get("value") or "").strip())
        reason = ": ".join(filter(None, (chosen, said)))
        about = json.loads(view["private_metadata"])
        try:
            await self._keep(about, user=body["user"]["id"], liked=False, reason=reason)
        except LedgerError as error:
            logger.warning("A vote can't be kept: %s", error)
            words = await self.users.words(body["user"]["id"])
            await ack(response_action="errors", errors={FORM_WORDS: words.feedback_not_kept})
            return
        await ack()
        REASONS_GIVEN.labels(chosen if chosen in FEEDBACK_REASONS else "none").inc()
        if said:
            await self.teller.tell(MessageRef(about["team"], about["channel"], about["question"]), chosen, said)

    async def _keep(self, about: dict[str, str], *, user: str, liked: bool, reason: str = "") -> None:
        question = MessageRef(about["team"], about["channel"], about["question"])
        if await self.ledger.feedback.record(question, user=user, liked=liked, reason=reason):
            vote = "liked" if liked else "disliked"
            logger.info("%s %s was %s%s", question.channel, question.ts, vote, ", with a reason" if reason else "")
        else:
            logger.info("There is no question %s %s in the ledger to vote on", question.channel, question.ts)

    async def _ask_why(self, interaction: Interaction, about: dict[str, str]) -> None:
        form = feedback_form(await interaction.words(), private_metadata=json.dumps(about))
        try:
            with slack_call():
                await interaction.client.views_open(trigger_id=interaction.body["trigger_id"], view=form)
        except SlackError as error:
            logger.warning("The form for a vote could not be shown, the vote is kept: %s", error)
