"""This file is where an accepted question becomes its posted answer: one attempt, which may be the second."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from textwrap import shorten
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError

from bot.answering.admission import objection
from bot.answering.closing import RESTORED, TOLD_ALONE, Farewell
from bot.answering.conversation import read_thread
from bot.answering.generation import Attempt
from bot.answering.record import log_answered, outcome_of
from bot.ledger import ENDS, MAY_NOT_ASK, TOO_MANY, Outcome, askers_of, is_latest, past_answer, restore
from bot.posting.destinations import InThread, Privately
from bot.posting.placing import ANSWERED_PRIVATELY, find_question, look_at_thread, place_of, post_question
from bot.posting.publishing import Delivery
from bot.posting.retracting import Tidier
from bot.posting.status import Progress
from bot.posting.streaming import LiveReply
from bot.rendering.action_ids import AGAIN_ACTIONS
from bot.rendering.answer import Frame, answer_messages
from bot.rendering.blocks import SHORT_QUESTION, markdown_block, notice_message
from bot.slack.errors import UnreachableAskerError, can_not_post, error_code
from rag import Question

if TYPE_CHECKING:
    import asyncio

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.answering.admission import Access, Limits
    from bot.answering.conversation import Thread
    from bot.domain import SlackMessage
    from bot.ledger import Entry, Ledger
    from bot.posting.destinations import Place
    from bot.slack.rate_limits import Manners
    from bot.slack.users import People
    from bot.text.wording import Wording
    from rag import Answer, Answerer, Message


A_PERSON_ANSWERS, NOT_ABOUT_MILVUS = "a person has taken over", "not about Milvus"
"""Why a follow-up that does not mention the bot is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Answers accepted questions.

    `bot_user` is the bot's own user id, `bot_name` what people invite; `buttons` are the actions below an answer in a
    channel, besides those below every answer; `buttons_in_private` those below one that the asker alone sees.
    """

    client: AsyncWebClient
    ledger: Ledger
    answerer: Answerer
    access: Access
    people: People
    limits: Limits
    manners: Manners
    bot_user: str
    bot_name: str
    buttons: tuple[str, ...]
    buttons_in_private: tuple[str, ...]

    async def respond(self, entry: Entry, stop: asyncio.Event) -> None:
        """Answer a question and close it; `stop` is set when someone wants no more of it.

        Raise RetrievalError, SlackTroubleError or LedgerError when another attempt may succeed, LostLeaseError when
        the question is another process' now.
        """
        entry = await self.ledger.begin(entry)
        if refusal := await self.access.refusal(entry.inquiry):
            await self.farewell.refuse(entry, refusal, reason=MAY_NOT_ASK)
            return
        if word := await self.limits.word(entry):
            await self.farewell.refuse(entry, word, reason=TOO_MANY)
            return
        try:
            await self._answer(entry, stop)
        except SlackApiError as error:
            if not can_not_post(error):
                raise
            await self.farewell.tell_elsewhere(entry, error)
        except UnreachableAskerError as error:
            await self.farewell.close_unreachable(entry, error)

    async def _answer(self, entry: Entry, stop: asyncio.Event) -> None:
        words = await self.people.words(entry.inquiry.user)
        entry, place = await self._find_place(entry)
        progress = Progress(place=place, manners=self.manners) if isinstance(place, InThread) else None
        outcome, live = None, None
        if not entry.messages:
            thread = await self._read_thread(entry, progress, words)
            if isinstance(thread, str):
                await self.farewell.close_quietly(entry, thread)
                return
            live = self._live(entry, place, progress)
            attempt = Attempt(answerer=self.answerer, live=live, progress=progress, stop=stop, words=words)
            prepared = await self._prepare(entry, thread, attempt, place)
            if isinstance(prepared, str):
                await self.farewell.close_quietly(entry, prepared)
                if progress:
                    await progress.end(was_posted=False)
                return
            entry, outcome = prepared
        if progress:
            progress.hide()
        entry = await self.delivery.deliver(entry, place, live=live, look_first=outcome is None)
        await self.farewell.take_back_notice(entry)
        await self.ledger.close(entry, ENDS.get(entry.kind, "quiet"), reason="stopped" if stop.is_set() else "")
        log_answered(entry, outcome)
        if progress:
            await progress.end(session_ended=bool(live and live.is_finished), was_posted=not entry.standing)

    @property
    def delivery(self) -> Delivery:
        """What posts an answer."""
        return Delivery(self.ledger, self.bot_user)

    @property
    def farewell(self) -> Farewell:
        """What closes questions that get no answer."""
        return Farewell(client=self.client, ledger=self.ledger, people=self.people, bot_name=self.bot_name)

    @property
    def tidier(self) -> Tidier:
        """What takes away what has served."""
        return Tidier(client=self.client, ledger=self.ledger, manners=self.manners, bot_user=self.bot_user)

    async def words(self, entry: Entry) -> Wording:
        """Return the bot's sentences in the asker's language."""
        return await self.people.words(entry.inquiry.user)

    async def give_up(self, entry: Entry, text: str, *, reason: str) -> None:
        """Tell the asker that there will be no answer, and close the question; one that stands in part is completed."""
        entry = await self.ledger.begin(entry)
        if refusal := await self.access.refusal(entry.inquiry):
            await self.farewell.refuse(entry, refusal, reason=MAY_NOT_ASK)
            return
        if not entry.messages and entry.revision and await restore(self.ledger, entry, reason=reason):
            await place_of(self.client, entry).whisper(text)  # the answer before stands as it was
            await self.farewell.take_back_notice(entry)
            return
        entry, place = await self._find_place(entry)
        if entry.messages:
            entry = replace(entry, posted={**entry.posted, **await place.read_posted()})
        if not entry.posted:
            entry = await self.ledger.note_answer(entry, [notice_message(text)], Outcome(kind="notice"))
        try:
            entry = await self.delivery.deliver(entry, place, look_first=False)
        except UnreachableAskerError as error:
            await self.farewell.close_unreachable(entry, error)
            return
        await self.farewell.take_back_notice(entry)
        await self.ledger.close(entry, ENDS.get(entry.kind, "failed"), reason=reason)
        if isinstance(place, InThread):
            await self.tidier.end_session(entry)

    async def tell_to_wait(self, entry: Entry, text: str) -> Entry:
        """Tell the asker, once, that the answer will take longer."""
        inquiry = entry.inquiry
        if entry.notice_ts or inquiry.is_unasked:
            return entry
        if inquiry.thread_ts and inquiry.way != "private":
            ts = await InThread(client=self.client, inquiry=inquiry).post_notice(text)
            return await self.ledger.note_notice(entry, ts)
        if reply_url := await self.ledger.reply_url(entry):
            await Privately(reply_url).post(notice_message(text), 0)
            return await self.ledger.note_notice(entry, TOLD_ALONE)
        return entry

    async def show_status(self, entry: Entry, text: str) -> None:
        """Show what is going on, where there is a thread."""
        if entry.inquiry.thread_ts and entry.inquiry.way != "private":
            await Progress(place=place_of(self.client, entry), manners=self.manners).tell(text)

    async def _find_place(self, entry: Entry) -> tuple[Entry, Place]:
        """Return where the answer goes; a question that has no thread is posted first, and answered below.

        Where the bot may not post, the asker alone is answered, if there is a way to.
        """
        inquiry = entry.inquiry
        reply_url = await self.ledger.reply_url(entry) if inquiry.way in ANSWERED_PRIVATELY else ""
        if inquiry.way == "private":
            return entry, Privately(reply_url)
        try:
            if inquiry.way == "shortcut":
                await look_at_thread(self.client, inquiry)
            if not inquiry.thread_ts:
                ts = "" if entry.tries == 1 else await find_question(self.client, inquiry, age_s=entry.age_s)
                ts = ts or await post_question(self.client, inquiry, await self.words(entry))
                entry = await self.ledger.note_thread(entry, ts)
        except SlackApiError as error:
            if not can_not_post(error) or not reply_url:
                raise
            return entry, Privately(reply_url, refused_with=error_code(error))
        return entry, place_of(self.client, entry)

    def _live(self, entry: Entry, place: Place, progress: Progress | None) -> LiveReply | None:
        """Return what shows the answer as it grows; it only listens where messages stand that are to be replaced."""
        if not isinstance(place, InThread) or not progress:
            return None

        async def note(ts: str) -> None:
            await self.ledger.note_standing(entry, ts)

        return LiveReply(
            place=place,
            manners=self.manners,
            note=note,
            on_first_words=progress.hide,
            manner="whole" if entry.standing else None,
        )

    async def _read_thread(self, entry: Entry, progress: Progress | None, words: Wording) -> Thread | str:
        """Return the conversation so far, or why it is better to stay quiet; whoever has asked sees a status."""
        inquiry = entry.inquiry
        if progress and not inquiry.is_unasked:
            progress.show(words.searching)
        askers = await askers_of(self.ledger.database, inquiry.thread) if inquiry.is_unasked else set()
        thread = await read_thread(self.client, inquiry, bot_user=self.bot_user, askers=askers)
        return A_PERSON_ANSWERS if inquiry.is_unasked and not entry.revision and thread.taken_over else thread

    async def _prepare(
        self, entry: Entry, thread: Thread, attempt: Attempt, place: Place
    ) -> tuple[Entry, Outcome] | str:
        """Find the answer, and keep it before it is posted; or return why it is better to stay quiet."""
        begun, words = time.monotonic(), attempt.words
        entry, history = await self._with_words(entry, thread)
        inquiry = entry.inquiry
        if problem := objection(inquiry.text, words, bot_name=self.bot_name):
            return await self._keep(entry, [notice_message(problem)], Outcome(kind="notice"))
        before = await past_answer(self.ledger.database, entry) if entry.style else ""
        answer = await attempt.answer(Question(text=inquiry.text, history=history, style=entry.style, before=before))
        if answer is None and entry.revision and await restore(self.ledger, entry, reason="stopped"):
            await place_of(self.client, entry).whisper(words.stopped)
            return RESTORED
        if answer is None:
            return await self._keep(entry, [notice_message(words.stopped)], Outcome(kind="stopped"))
        is_first_word = inquiry.is_unasked and not entry.revision
        if is_first_word and answer.kind == "abstained" and not answer.trace.model:
            return NOT_ABOUT_MILVUS
        frame = Frame(
            question=inquiry.ts,
            actions=self.buttons_in_private if isinstance(place, Privately) else await self._buttons(entry, answer),
            remark=_remark(entry, words),
            asker=inquiry.user if inquiry.way in {"shortcut", "private"} else "",
            asked=shorten(inquiry.text, SHORT_QUESTION, placeholder=" …"),
        )
        messages = answer_messages(answer, words, frame)
        if isinstance(place, Privately) and place.refused_with:
            why = words.seen_by_you_alone.format(reason=words.refusal(place.refused_with, bot_name=self.bot_name))
            messages[-1] = replace(messages[-1], blocks=[*messages[-1].blocks, markdown_block(why)])
        return await self._keep(entry, messages, outcome_of(answer, took_s=time.monotonic() - begun))

    async def _with_words(self, entry: Entry, thread: Thread) -> tuple[Entry, tuple[Message, ...]]:
        """Return the question and what was said before; a mention without words asks what was said last."""
        *before, last = thread.turns or (None,)
        if entry.inquiry.text or last is None or last.role != "user":
            return entry, thread.turns
        return await self.ledger.note_text(entry, last.text), tuple(filter(None, before))

    async def _buttons(self, entry: Entry, answer: Answer) -> list[str]:
        """Return the actions below an answer; one that comes again above a later one is not asked for anew."""
        again = AGAIN_ACTIONS if answer.kind == "grounded" else AGAIN_ACTIONS[-1:] if self.answerer.model else ()
        if answer.kind == "abstained" or (entry.revision and not await is_latest(self.ledger.database, entry)):
            again = ()
        return [*again, *(self.buttons_in_private if entry.inquiry.is_direct else self.buttons)]

    async def _keep(self, entry: Entry, messages: list[SlackMessage], outcome: Outcome) -> tuple[Entry, Outcome]:
        return await self.ledger.note_answer(entry, messages, outcome), outcome


def _remark(entry: Entry, words: Wording) -> str:
    """Say how an answer came to take another one's place."""
    if not entry.revision:
        return ""
    return words.at(f"answered_{entry.style}") if entry.style else words.edited
