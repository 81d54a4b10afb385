"""States: every pair of them, and who may go over to whom."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from bot.ledger import LostLeaseError, State, open_ledger
from bot.ledger.repositories.rows import change_state
from bot.ledger.states import ENDED_WELL, OPEN, TRANSITIONS, end_of
from bot.ledger.storage.schema import questions
from tests.bot.ledger.support import MESSAGES, OUTCOME
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from pathlib import Path

    from bot.ledger import Entry, Ledger

PAIRS = [(before, after) for before in State for after in State]


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


async def question_in(ledger: Ledger, state: State) -> Entry:
    """Bring a question into a state, by the ways that there are."""
    entry = await ledger.questions.accept(A_QUESTION)
    assert entry
    if state is State.DELETED:
        assert await ledger.deletion.delete(A_QUESTION.ref)
    elif state is not State.ACCEPTED:
        entry = await ledger.questions.start_attempt(entry)
        if state is not State.ANSWERING:
            entry = await ledger.questions.record_answer(entry, MESSAGES, OUTCOME)
            await ledger.questions.finish(entry, state)
    return entry


async def state_of(ledger: Ledger) -> State:
    found = await ledger.database.scalar(select(questions.c.state))
    assert isinstance(found, State)
    return found


def test_a_question_goes_over_to_the_states_that_are_drawn_and_to_no_other(address: str) -> None:
    async def scenario() -> dict[tuple[State, State], bool]:
        went: dict[tuple[State, State], bool] = {}
        async with open_ledger(address) as ledger:
            await question_in(ledger, State.ACCEPTED)
            for before, after in PAIRS:
                await ledger.database.changed(update(questions).values(state=before))
                went[before, after] = await ledger.database.changed(change_state(update(questions), after)) == 1
        return went

    expected = {(before, after): before in TRANSITIONS[after] for before, after in PAIRS}
    assert asyncio.run(scenario()) == expected


@pytest.mark.parametrize("state", State)
def test_only_what_is_worked_on_is_finished(address: str, state: State) -> None:
    async def scenario() -> None:
        async with open_ledger(address) as ledger:
            entry = await question_in(ledger, state)
            if state is State.ANSWERING:
                await ledger.questions.finish(entry, State.FAILED)
                assert await state_of(ledger) is State.FAILED
                return
            with pytest.raises(LostLeaseError):
                await ledger.questions.finish(entry, State.FAILED)
            assert await state_of(ledger) is state

    asyncio.run(scenario())


@pytest.mark.parametrize("state", State)
def test_only_an_open_question_is_attempted(address: str, state: State) -> None:
    async def scenario() -> None:
        async with open_ledger(address) as ledger:
            entry = await question_in(ledger, state)
            if state in OPEN:
                assert (await ledger.questions.start_attempt(entry)).tries == entry.tries + 1
                return
            with pytest.raises(LostLeaseError):
                await ledger.questions.start_attempt(entry)

    asyncio.run(scenario())


@pytest.mark.parametrize("state", State)
def test_every_question_but_a_deleted_one_is_taken_up_in_other_words(address: str, state: State) -> None:
    async def scenario() -> None:
        async with open_ledger(address) as ledger:
            await question_in(ledger, state)
            reworded = await ledger.revisions.reword(replace(A_QUESTION, text="how?", edited_ts="1700000001.000001"))
            assert (reworded is None) == (state is State.DELETED)
            assert await state_of(ledger) is (State.DELETED if state is State.DELETED else State.ACCEPTED)

    asyncio.run(scenario())


@pytest.mark.parametrize("state", State)
def test_another_answer_is_made_only_where_one_stands(address: str, state: State) -> None:
    async def scenario() -> None:
        async with open_ledger(address) as ledger:
            await question_in(ledger, state)
            again = await ledger.revisions.regenerate(A_QUESTION.ref, style="longer")
            assert (again is not None) == (state in ENDED_WELL)

    asyncio.run(scenario())


@pytest.mark.parametrize("state", State)
def test_a_question_is_deleted_once(address: str, state: State) -> None:
    async def scenario() -> None:
        async with open_ledger(address) as ledger:
            await question_in(ledger, state)
            assert (await ledger.deletion.delete(A_QUESTION.ref) is None) == (state is State.DELETED)
            assert await state_of(ledger) is State.DELETED

    asyncio.run(scenario())


def test_an_answers_kind_tells_the_state_that_it_ends_in() -> None:
    assert [end_of(kind) for kind in ("grounded", "extractive", "abstained", "notice")] == [
        State.ANSWERED,
        State.ANSWERED,
        State.ABSTAINED,
        State.QUIET,
    ]
    assert end_of("notice", otherwise=State.FAILED) is State.FAILED
