"""Deletion: what is forgotten, and what stays."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.domain import MessageRef
from bot.ledger import LostLeaseError, State, open_ledger
from tests.bot.ledger.support import MESSAGES, OUTCOME, row
from tests.builders import A_QUESTION


def test_forgetting_a_person_deletes_their_words_and_keeps_the_counts(url: str) -> None:
    async def scenario() -> dict[str, object]:
        async with open_ledger(url) as ledger:
            entry = await ledger.questions.accept(A_QUESTION)
            assert entry
            entry = await ledger.questions.record_answer(await ledger.questions.start_attempt(entry), MESSAGES, OUTCOME)
            await ledger.questions.finish(entry, State.ANSWERED)
            assert await ledger.feedback.record(A_QUESTION.ref, user="U0ASKER", liked=True, reason="thanks, Bo")
            assert await ledger.feedback.record(A_QUESTION.ref, user="U0ASKER", liked=False, reason="no, Bo")
            assert await ledger.escalations.request(A_QUESTION.ref, user="U0ASKER")
            assert not await ledger.escalations.request(A_QUESTION.ref, user="U0OTHER")
            assert not await ledger.feedback.record(MessageRef("T", "C", "0"), user="U0ASKER", liked=True)
            assert await ledger.deletion.forget_user("U0OTHER") == 0
            assert await ledger.deletion.forget_user("U0ASKER") == 1
            assert await ledger.deletion.forget_user("U0ASKER") == 0
            liked = await ledger.database.rows(text("SELECT liked, reason, user FROM feedback"))
            asked = await ledger.database.rows(text('SELECT "user" FROM escalations'))
            assert [(one.liked, one.reason) for one in liked] == [(0, None)]
            assert [one.user for one in asked] == [""]
            return await row(ledger)

    kept = asyncio.run(scenario())
    assert (kept["user"], kept["text"], kept["messages"], kept["state"]) == ("", None, None, State.ANSWERED)
    assert "p1" in str(kept["passages"])


def test_an_open_question_of_a_forgotten_person_is_not_answered(url: str) -> None:
    async def scenario() -> None:
        async with open_ledger(url) as ledger:
            entry = await ledger.questions.accept(A_QUESTION)
            assert entry
            await ledger.deletion.forget_user(A_QUESTION.user)
            with pytest.raises(LostLeaseError):
                await ledger.questions.start_attempt(entry)

    asyncio.run(scenario())


def test_what_an_app_asked_for_nobody_is_forgotten_too(url: str) -> None:
    async def scenario() -> tuple[int, object]:
        async with open_ledger(url) as ledger:
            assert await ledger.questions.accept(replace(A_QUESTION, user=""))
            await ledger.database.changed(text("UPDATE questions SET accepted_at = accepted_at - 10.5 * 86400"))
            return await ledger.deletion.forget_older_than(10), (await row(ledger))["text"]

    assert asyncio.run(scenario()) == (1, None)


def test_text_is_forgotten_when_it_is_old_enough(url: str) -> None:
    async def scenario() -> list[int]:
        async with open_ledger(url) as ledger:
            entry = await ledger.questions.accept(A_QUESTION)
            assert entry
            await ledger.questions.request_stop(A_QUESTION.thread, user="U0STOPPER")
            await ledger.questions.finish(await ledger.questions.start_attempt(entry), State.ANSWERED)
            assert await ledger.escalations.request(A_QUESTION.ref, user="U0CALLER")
            assert await ledger.escalations.resolve(A_QUESTION.ref, user="U0HELPER")
            assert await ledger.threads.mute(A_QUESTION.thread, user="U0MUTER")
            for what in ("questions SET accepted_at = accepted_at", "muted_threads SET at = at"):
                await ledger.database.changed(text(f"UPDATE {what} - 10.5 * 86400"))
            forgotten = [await ledger.deletion.forget_older_than(days) for days in (11, 10)]
            for table in ("questions", "escalations", "muted_threads"):
                rows = await ledger.database.rows(text(f"SELECT * FROM {table}"))  # noqa: S608 - names from above
                assert "U0" not in str(rows)
            return forgotten

    assert asyncio.run(scenario()) == [0, 1]
