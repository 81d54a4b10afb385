"""This file is where an accepted question becomes its posted answer: one attempt, which may be the second."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from bot import wording
from bot.blocks import answer_messages, markdown_block, notice_message
from bot.intake import objection
from bot.ledger import Outcome
from bot.reply import InThread, Privately, post_question
from bot.slack_errors import error_code
from bot.thread import NOTICE_EVENT, find_question, has_replies, read_back, read_thread
from rag import Question

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.access import Access
    from bot.intake import Inquiry
    from bot.ledger import Entry, Ledger, State
    from bot.reply import Place
    from rag import Answer, Answerer

logger = logging.getLogger(__name__)

CANNOT_POST_HERE = {"not_in_channel", "channel_not_found", "restricted_action", "is_archived", "no_permission"}
A_PERSON_ANSWERS, NOT_ABOUT_MILVUS = "a person has taken over", "not about Milvus"
"""Why a follow-up that does not mention the bot is left alone."""
SETTLED_AFTER_S = 1.0
"""What Slack took without our hearing so may not be seen in the thread at once."""
ENDS: dict[str, State] = {"grounded": "answered", "extractive": "answered", "abstained": "abstained"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Answers accepted questions.

    `bot_user` is the bot's own user id, `bot_name` what people invite; `buttons` are the actions below an answer in a
    channel, besides the thumbs.
    """

    client: AsyncWebClient
    ledger: Ledger
    answerer: Answerer
    access: Access
    bot_user: str
    bot_name: str
    buttons: tuple[str, ...]

    async def respond(self, entry: Entry) -> None:
        """Answer a question and close it.

        Raise RetrievalError, SlackTroubleError or LedgerError when another attempt may succeed, LostLeaseError when
        the question is another process' now.
        """
        entry = await self.ledger.begin(entry)
        if refusal := await self.access.refusal(entry.inquiry):
            await self._refuse(entry, refusal)
            return
        entry, place = await self._find_place(entry)
        outcome = None
        if not entry.messages:
            prepared = await self._prepare(entry, private=isinstance(place, Privately))
            if isinstance(prepared, str):
                logger.debug("Quiet: %s", prepared)
                await self.ledger.close(entry, "quiet", reason=prepared)
                return
            entry, outcome = prepared
        entry = await self._post_rest(entry, place, look_first=outcome is None)
        await self._take_back_notice(entry)
        await self.ledger.close(entry, ENDS.get(entry.kind, "quiet"))
        _log(entry, outcome)

    async def give_up(self, entry: Entry, text: str, *, reason: str) -> None:
        """Tell the asker that there will be no answer, and close the question; one that stands in part is completed."""
        entry = await self.ledger.begin(entry)
        if refusal := await self.access.refusal(entry.inquiry):
            await self._refuse(entry, refusal)
            return
        entry, place = await self._find_place(entry)
        if entry.messages:
            entry = replace(entry, posted={**entry.posted, **await place.read_posted()})
        if not entry.posted:
            entry = await self.ledger.note_answer(entry, [notice_message(text)], Outcome(kind="notice"))
        entry = await self._post_rest(entry, place, look_first=False)
        await self._take_back_notice(entry)
        await self.ledger.close(entry, ENDS.get(entry.kind, "failed"), reason=reason)

    async def tell_to_wait(self, entry: Entry, text: str) -> Entry:
        """Tell the asker, once, that the answer will take longer."""
        if entry.notice_ts or not entry.inquiry.thread_ts:
            return entry
        ts = await InThread(client=self.client, inquiry=entry.inquiry).post_notice(text)
        return await self.ledger.note_notice(entry, ts)

    async def take_back_answer(self, entry: Entry) -> None:
        """Delete what was posted for a question that is gone, unless someone has replied to it."""
        inquiry = entry.inquiry
        place = InThread(client=self.client, inquiry=inquiry)
        if await has_replies(self.client, inquiry, bot_user=self.bot_user):
            logger.info("The answer to the deleted %s %s stays: it was replied to", inquiry.channel, inquiry.ts)
            return
        parts = {**entry.posted, **await place.read_posted()}
        for ts in filter(None, [*parts.values(), entry.notice_ts]):
            await place.take_back(ts)
        logger.info("Took back the answer to the deleted %s %s", inquiry.channel, inquiry.ts)

    async def take_back_untaken(self, inquiry: Inquiry) -> None:
        """Delete the word that this question could not be taken down, whichever replica said it."""
        notices = await read_back(self.client, inquiry, NOTICE_EVENT)
        for ts in (ts for ts, payload in notices if payload.get("untaken")):
            await InThread(client=self.client, inquiry=inquiry).take_back(ts)

    async def show_status(self, entry: Entry, text: str) -> None:
        """Show what is going on, where there is a thread."""
        if entry.inquiry.thread_ts:
            await InThread(client=self.client, inquiry=entry.inquiry).show_status(text)

    async def _refuse(self, entry: Entry, refusal: str) -> None:
        try:
            if entry.inquiry.way == "follow-up":
                logger.debug("Quiet: who asks may not")  # and has not asked the bot
            elif entry.inquiry.is_command:
                await Privately(await self.ledger.reply_url(entry)).post(notice_message(refusal), 0)
            else:
                await InThread(client=self.client, inquiry=entry.inquiry).whisper(refusal)
        except SlackApiError as error:
            logger.info("Who may not ask in %s can't be told so: %s", entry.inquiry.channel, error)
        await self.ledger.close(entry, "quiet", reason=refusal)

    async def _find_place(self, entry: Entry) -> tuple[Entry, Place]:
        """Return where the answer goes; a command's question is posted first, and answered below."""
        inquiry = entry.inquiry
        if inquiry.is_command and not inquiry.thread_ts:
            try:
                ts = "" if entry.tries == 1 else await find_question(self.client, inquiry, age_s=entry.age_s)
                ts = ts or await post_question(self.client, inquiry)
            except SlackApiError as error:
                if error_code(error) not in CANNOT_POST_HERE:
                    raise
                return entry, Privately(await self.ledger.reply_url(entry))
            entry = await self.ledger.note_thread(entry, ts)
        return entry, InThread(client=self.client, inquiry=entry.inquiry)

    async def _prepare(self, entry: Entry, *, private: bool) -> tuple[Entry, Outcome] | str:
        """Find the answer, and keep it before any of it is posted; or return why it is better to stay quiet."""
        inquiry = entry.inquiry
        if problem := objection(inquiry.text):
            notice = Outcome(kind="notice")
            return await self.ledger.note_answer(entry, [notice_message(problem)], notice), notice
        begun = time.monotonic()
        thread = await read_thread(self.client, inquiry, bot_user=self.bot_user)
        unasked = inquiry.way == "follow-up"
        if unasked and thread.taken_over:
            return A_PERSON_ANSWERS
        status = asyncio.create_task(self.show_status(entry, wording.STATUS))
        try:
            answer = await self.answerer.answer(Question(text=inquiry.text, history=thread.turns))
        finally:
            status.cancel()  # one that came after the answer would stand there for two minutes
        if unasked and answer.kind == "abstained" and not answer.trace.model:
            return NOT_ABOUT_MILVUS
        in_channel = not private and not inquiry.channel.startswith("D")
        messages = answer_messages(answer, question=inquiry.ts, more=self.buttons if in_channel else ())
        if private:
            invitation = markdown_block(wording.NOT_A_MEMBER.format(name=self.bot_name))
            messages[-1] = replace(messages[-1], blocks=[*messages[-1].blocks, invitation])
        outcome = _outcome(answer, took_s=time.monotonic() - begun)
        return await self.ledger.note_answer(entry, messages, outcome), outcome

    async def _post_rest(self, entry: Entry, place: Place, *, look_first: bool) -> Entry:
        """Post what of the answer does not stand in Slack yet; `look_first` where someone may have posted before."""
        posted = dict(entry.posted)
        if look_first:
            await asyncio.sleep(SETTLED_AFTER_S)
            posted |= await place.read_posted()
        for part, message in enumerate(entry.messages):
            if part in posted:
                continue
            if part:
                entry = await self.ledger.note_posted(entry, posted)  # and make sure that it is still ours
            posted[part] = await place.post(message, part)
        return replace(entry, posted=posted)

    async def _take_back_notice(self, entry: Entry) -> None:
        if entry.notice_ts:
            await InThread(client=self.client, inquiry=entry.inquiry).take_back(entry.notice_ts)


def _outcome(answer: Answer, *, took_s: float) -> Outcome:
    trace = answer.trace
    return Outcome(
        kind=answer.kind,
        passages=tuple((passage.id, round(passage.score, 4), passage.version) for passage in trace.passages),
        versions={"milvusfaq": version("milvusfaq"), "model": trace.model, "prompt": trace.prompt},
        times={
            name: round(seconds, 3)
            for name, seconds in (
                ("search", trace.search_s),
                ("first_text", trace.first_text_s),
                ("model", trace.model_s),
                ("all", took_s),
            )
        },
        tokens=(trace.usage.prompt_tokens, trace.usage.completion_tokens) if trace.usage else None,
        citations=len(answer.citations),
    )


def _log(entry: Entry, outcome: Outcome | None) -> None:
    """Write the question's one line; its text stays out of it."""
    inquiry = entry.inquiry
    if outcome is None:
        logger.info("Answered %s %s: %s, begun earlier, %.2f s", inquiry.channel, inquiry.ts, entry.kind, entry.age_s)
        return
    logger.info(
        "Answered %s %s: %s, %d passages, %d citations, %.2f s (search %.2f s, model %.2f s, tokens %s)",
        inquiry.channel,
        inquiry.ts,
        outcome.kind,
        len(outcome.passages),
        outcome.citations,
        entry.age_s,
        outcome.times.get("search", 0.0),
        outcome.times.get("model", 0.0),
        "+".join(map(str, outcome.tokens)) if outcome.tokens else "not told",
    )
