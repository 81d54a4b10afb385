"""Closing: for each ending the state, the notice, and what the asker is told."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.answering.closing import QuestionCloser
from bot.answering.endings import CannotPost, GaveUp, Published, Refused, Restored, Unreachable
from bot.domain import Ignored, SlackMessage
from bot.ledger import LostLeaseError, Outcome, State, open_ledger
from bot.posting.publishing import AnswerPublisher
from bot.slack.errors import AskerUnreachableError, CannotPostError, SlackRefusedError
from bot.slack.rate_limits import SlackRateLimits
from tests.bot.fakes import WORDS, FakeDestination, FakePlacing, FakePolicy, FakeRetractor, FakeUsers
from tests.builders import A_QUESTION
from tests.standins.slack import ASKER, BOT_TOKEN, Failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.answering.endings import Ending
    from bot.domain import SlackQuestion
    from bot.ledger import Entry, Ledger
    from tests.standins.slack import SlackStandIn

MESSAGES = [SlackMessage(text="It is kept in object storage.", blocks=[])]


@dataclass
class Scene:
    """A closer with a question that is worked on."""

    ledger: Ledger
    closer: QuestionCloser
    entry: Entry
    destination: FakeDestination
    retractor: FakeRetractor

    async def state(self) -> tuple[State, str]:
        state, _ = await self.ledger.questions.current(self.entry)
        row = await self.ledger.database.run(
            lambda connection: connection.exec_driver_sql("SELECT reason FROM questions").scalar_one()
        )
        return state, str(row)


@asynccontextmanager
async def scene_in(
    folder: Path,
    slack: SlackStandIn,
    question: SlackQuestion,
    *,
    policy: FakePolicy | None = None,
    place_error: Exception | None = None,
) -> AsyncIterator[Scene]:
    async with open_ledger(f"sqlite:///{folder / 'ledger.sqlite3'}") as ledger:
        entry = await ledger.questions.accept(question)
        assert entry
        destination, retractor = FakeDestination(), FakeRetractor()
        parts: dict[str, Any] = {
            "client": AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url),
            "ledger": ledger,
            "users": FakeUsers(),
            "rate_limits": SlackRateLimits(),
            "policy": policy or FakePolicy(),
            "placing": FakePlacing(destination, place_error),
            "publisher": AnswerPublisher(ledger, "U0BOT"),
            "retractor": retractor,
            "bot_name": "milvusfaq",
        }
        closer = QuestionCloser(**parts)
        yield Scene(ledger, closer, await ledger.questions.start_attempt(entry), destination, retractor)


@pytest.fixture
def play(slack: SlackStandIn, tmp_path: Path) -> Callable[..., None]:
    channel = slack.new_channel()
    asked = replace(A_QUESTION, channel=channel, user=ASKER)

    def run(act: Callable[[Scene], Awaitable[None]], *, question: SlackQuestion = asked, **more: Any) -> None:
        async def scenario() -> None:
            placed = replace(question, channel=channel, user=ASKER)
            async with scene_in(tmp_path, slack, placed, **more) as scene:
                await act(scene)

        asyncio.run(scenario())

    return run


def told_alone(slack: SlackStandIn, scene: Scene) -> list[str]:
    return [said["text"] for said in slack.private if said.get("channel") == scene.entry.question.channel]


@pytest.mark.parametrize(
    ("kind", "state"),
    [("grounded", State.ANSWERED), ("extractive", State.ANSWERED), ("abstained", State.ABSTAINED)],
)
def test_what_is_published_ends_by_its_kind_and_its_notice_goes(
    play: Callable[..., None], kind: str, state: State
) -> None:
    async def act(scene: Scene) -> None:
        entry = await scene.ledger.questions.record_answer(scene.entry, MESSAGES, Outcome(kind=kind))
        await scene.closer.close(scene.entry, Published(entry=entry, outcome=None))
        assert await scene.state() == (state, "")
        assert scene.retractor.notices == [entry.id]

    play(act)


def test_that_an_answer_was_stopped_is_noted(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Published(entry=scene.entry, outcome=None, was_stopped=True))
        assert await scene.state() == (State.QUIET, "stopped")

    play(act)


def test_who_is_refused_is_told_alone(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Refused("Not you.", "may not ask"))
        assert await scene.state() == (State.QUIET, "may not ask")
        assert told_alone(slack, scene) == ["Not you."]

    play(act)


def test_who_has_not_asked_the_bot_is_not_told_that_they_are_refused(
    play: Callable[..., None], slack: SlackStandIn
) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Refused("Not you.", "may not ask"))
        assert told_alone(slack, scene) == []

    play(act, question=replace(A_QUESTION, origin="support"))


def test_what_is_ignored_ends_quietly(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Ignored("not about Milvus"))
        assert await scene.state() == (State.QUIET, "not about Milvus")
        assert scene.destination.texts() == []

    play(act)


async def answered_anew(scene: Scene) -> Entry:
    """Let a question have an answer, and be attempted again."""
    entry = await scene.ledger.questions.record_answer(scene.entry, MESSAGES, Outcome(kind="grounded"))
    await scene.ledger.questions.finish(replace(entry, posted={0: "1.1"}), State.ANSWERED)
    again = await scene.ledger.revisions.regenerate(entry.question.ref, style="longer")
    assert again
    return await scene.ledger.questions.start_attempt(again)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (Refused("Not you.", "may not ask"), "may not ask"),
        (Ignored("not about Milvus"), "not about Milvus"),
        (GaveUp("apology", reason="Milvus is away."), "Milvus is away."),
    ],
)
def test_an_answer_from_before_stands_again(play: Callable[..., None], ending: Ending, reason: str) -> None:
    async def act(scene: Scene) -> None:
        entry = await answered_anew(scene)
        await scene.closer.close(entry, ending)
        assert await scene.state() == (State.ANSWERED, reason)
        _, restored = await scene.ledger.questions.current(entry)
        assert (restored.messages, restored.posted) == (tuple(MESSAGES), {0: "1.1"})
        assert scene.destination.texts() == []

    play(act)


def test_of_what_the_ledger_has_restored_only_the_notice_is_left(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Restored())
        assert (await scene.state())[0] is State.ANSWERING, "nothing was written"
        assert scene.retractor.notices == [scene.entry.id]

    play(act)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(CannotPostError("is_archived", kind="archived"), "archived"), (SlackRefusedError("odd_news"), "otherwise")],
)
def test_where_nothing_can_be_posted_the_asker_is_told_directly(
    play: Callable[..., None], slack: SlackStandIn, error: SlackRefusedError, kind: Any
) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, CannotPost(error))
        assert await scene.state() == (State.FAILED, error.code)
        reason = WORDS.refusal(kind, code=error.code, bot_name="milvusfaq")
        told = WORDS.can_not_post.format(channel=f"<#{scene.entry.question.channel}>", reason=reason)
        assert slack.channels[slack.direct(ASKER)].messages[-1]["text"] == told

    play(act)


def test_an_asker_who_can_not_be_reached_is_given_up(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, Unreachable(AskerUnreachableError("response_url answered 404")))
        assert await scene.state() == (State.FAILED, "response_url answered 404")

    play(act)


@pytest.mark.parametrize("sentence", ["busy", "apology"])
def test_who_gets_no_answer_gets_a_word_in_its_place(play: Callable[..., None], sentence: Any) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, GaveUp(sentence, reason="why"))
        assert scene.destination.texts() == [WORDS.at(sentence)]
        assert await scene.state() == (State.FAILED, "why")

    play(act)


def test_an_answer_that_is_ready_is_posted_in_place_of_an_apology(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        two = [*MESSAGES, SlackMessage(text="And in etcd.", blocks=[])]
        entry = await scene.ledger.questions.record_answer(scene.entry, two, Outcome(kind="grounded"))
        scene.destination.already_posted = {0: "1.1"}
        await scene.closer.close(entry, GaveUp("apology", reason="Slack is away."))
        assert scene.destination.texts() == ["And in etcd."]
        assert await scene.state() == (State.ANSWERED, "Slack is away.")

    play(act)


def test_who_may_not_ask_any_more_gets_no_apology_in_public(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, GaveUp("apology", reason="why"))
        assert scene.destination.texts() == []
        assert told_alone(slack, scene) == ["Not you."]
        assert await scene.state() == (State.QUIET, "may not ask")

    play(act, policy=FakePolicy("Not you."))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AskerUnreachableError("response_url answered 404"), "response_url answered 404"),
        (CannotPostError("not_in_channel", kind="not_a_member"), "not_in_channel"),
    ],
)
def test_an_apology_that_can_not_be_posted_ends_the_question_too(
    play: Callable[..., None], error: Exception, reason: str
) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, GaveUp("apology", reason="why"))
        assert await scene.state() == (State.FAILED, reason)

    play(act, place_error=error)


def test_an_asker_of_whom_slack_will_not_tell_is_told_directly(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.close(scene.entry, GaveUp("apology", reason="why"))
        assert await scene.state() == (State.FAILED, "team_access_not_granted")
        assert scene.entry.question.channel in slack.channels[slack.direct(ASKER)].messages[-1]["text"]

    play(act, policy=FakePolicy(error=SlackRefusedError("team_access_not_granted")))


def test_who_can_not_be_told_that_the_earlier_answer_stands_is_told_directly(
    play: Callable[..., None], slack: SlackStandIn
) -> None:
    async def act(scene: Scene) -> None:
        entry = await answered_anew(scene)
        slack.fail("chat.postEphemeral", Failure(error="user_not_in_channel"))
        with pytest.raises(LostLeaseError):  # the question has its end: that of the answer before
            await scene.closer.close(entry, GaveUp("apology", reason="why"))
        assert await scene.state() == (State.ANSWERED, "why")
        assert scene.retractor.notices == [entry.id]
        assert scene.entry.question.channel in slack.channels[slack.direct(ASKER)].messages[-1]["text"]

    play(act)


def test_a_question_of_another_process_is_not_closed(play: Callable[..., None]) -> None:
    async def act(scene: Scene) -> None:
        await scene.ledger.deletion.delete(scene.entry.question.ref)
        for ending in (
            Ignored("asks nothing"),
            GaveUp("busy", reason="why"),
            Published(entry=scene.entry, outcome=None),
        ):
            with pytest.raises(LostLeaseError):
                await scene.closer.close(scene.entry, cast("Ending", ending))

    play(act)


def test_who_waits_is_told_once_what_is_away(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.keep_waiting(scene.entry, docs_are_away=True)
        entry = await scene.ledger.questions.refresh(scene.entry)
        await scene.closer.keep_waiting(entry, docs_are_away=False)
        (said,) = slack.channels[entry.question.channel].messages
        assert said["text"] == WORDS.docs_are_away
        assert entry.notice_ts == said["ts"]

    play(act)


def test_the_queue_is_shown_where_there_is_a_thread(play: Callable[..., None], slack: SlackStandIn) -> None:
    async def act(scene: Scene) -> None:
        await scene.closer.show_queue(scene.entry, before=3)
        (call,) = [c for c in slack.calls_of("assistant.threads.setStatus") if c["thread_ts"] == A_QUESTION.thread_ts]
        assert call["status"] == WORDS.waiting.format(before=3)

    play(act)
