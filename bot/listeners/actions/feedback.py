"""This file is where it is taken up how an answer was liked: a button, and a form that asks what was wrong."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.ledger import LedgerError, note_feedback
from bot.listeners.actions.interaction import Presser
from bot.rendering.action_ids import FORM_REASON, FORM_WORDS
from bot.rendering.forms import feedback_form
from bot.slack.errors import SlackTroubleError, talking_to_slack
from bot.text.redaction import redact

if TYPE_CHECKING:
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.ledger import Ledger
    from bot.slack.users import People

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opinions:
    """What people think of answers, as the ledger keeps it: one vote a person and question, the last one."""

    ledger: Ledger
    people: People

    async def on_button(self, ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        """Keep a vote; after a thumbs-down ask what was wrong. The form's trigger is good for three seconds."""
        presser = Presser(client, body, self.people)
        pressed = json.loads(presser.value)
        about = {"team": presser.team, "channel": presser.channel, "question": pressed["question"]}
        try:
            await self._keep(about, user=presser.user, liked=pressed["liked"])
        except LedgerError as error:
            logger.warning("An opinion can't be kept: %s", error)
            await ack()
            await presser.whisper((await presser.words()).feedback_not_kept)
            return
        await ack()
        if not pressed["liked"]:
            await self._ask_why(presser, about)

    async def on_form(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Keep what was wrong, with the vote; a form that can't be kept stays open and says so."""
        values = view["state"]["values"]
        chosen = (values[FORM_REASON][FORM_REASON].get("selected_option") or {}).get("value") or ""
        said = redact((values[FORM_WORDS][FORM_WORDS].get("value") or "").strip())
        reason = ": ".join(filter(None, (chosen, said)))
        try:
            await self._keep(json.loads(view["private_metadata"]), user=body["user"]["id"], liked=False, reason=reason)
        except LedgerError as error:
            logger.warning("An opinion can't be kept: %s", error)
            words = await self.people.words(body["user"]["id"])
            await ack(response_action="errors", errors={FORM_WORDS: words.feedback_not_kept})
            return
        await ack()

    async def _keep(self, about: dict[str, str], *, user: str, liked: bool, reason: str = "") -> None:
        key = about["team"], about["channel"], about["question"]
        if await note_feedback(self.ledger.database, key, user=user, liked=liked, reason=reason):
            logger.info("%s %s was %s", about["channel"], about["question"], "liked" if liked else "disliked")
        else:
            logger.info("There is no question %s %s in the ledger to have an opinion on", *key[1:])

    async def _ask_why(self, presser: Presser, about: dict[str, str]) -> None:
        form = feedback_form(await presser.words(), private_metadata=json.dumps(about))
        try:
            with talking_to_slack():
                await presser.client.views_open(trigger_id=presser.body["trigger_id"], view=form)
        except (SlackApiError, SlackTroubleError) as error:
            logger.warning("The form for an opinion could not be shown, the vote is kept: %s", error)
