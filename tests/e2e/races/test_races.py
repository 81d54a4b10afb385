"""Races: what is under way to Slack meets an edit, a deletion, an outage or a refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag import RetrievalError
from tests.e2e.in_process import running_parts
from tests.e2e.races.support import FIRST, SECOND, SERVER_ERROR, THIRD, WORDS, left_behind, texts, written
from tests.fakes import FakeAnswerer
from tests.standins.slack import ASKER, BOT_USER, TEAM, Failure, SlackStandIn


def test_an_edit_that_another_replica_takes_while_a_post_waits_leaves_one_answer(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    other = running_parts(slack, FakeAnswerer(), url, owner="another-machine/1/a")
    with other as one, running_parts(slack, FakeAnswerer(), url) as two:
        question = written(slack, channel, FIRST)
        slack.fail("chat.postMessage", Failure("ratelimited", status=429, retry_after=2))
        entry = one.run(one.ledger.questions.accept(question))
        assert entry
        one.loop.call_soon_threadsafe(one.worker.submit, entry)
        slack.wait_for(lambda: not slack.failures_left("chat.postMessage"), "Slack to be too busy")
        edited = two.run(two.ledger.revisions.reword(replace(question, text=SECOND, edited_ts=slack.new_ts())))
        assert edited
        two.loop.call_soon_threadsafe(two.worker.resubmit, edited)
        slack.wait_for(lambda: texts(slack.replies(channel, question.ts)) == [SECOND], "the second answer")
        slack.wait_for(
            lambda: not one.worker.tasks and not one.worker.cleanup.tasks.tasks, "the first replica to let go"
        )
        assert texts(slack.replies(channel, question.ts)) == [SECOND]


def test_a_post_that_arrives_after_an_edit_was_answered_is_taken_back(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    with running_parts(slack, FakeAnswerer(), url) as parts:
        parts.worker.cleanup.arrived_after_s = 3.0
        slack.fail("chat.postMessage", Failure(passes=True, delay_s=3))
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: not slack.failures_left("chat.postMessage"), "the post to be under way")
        slack.edit(channel, ts, f"<@{BOT_USER}> {SECOND}")
        slack.wait_for(lambda: set(texts(slack.replies(channel, ts))) == {FIRST, SECOND}, "the late post")
        slack.wait_for(lambda: texts(slack.replies(channel, ts)) == [SECOND], "the late post to go")
        slack.wait_for(lambda: not parts.worker.cleanup.tasks.tasks, "the end")


def test_an_edit_that_is_delivered_again_after_a_later_one_changes_nothing(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    with running_parts(slack, FakeAnswerer(), url) as parts:
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: texts(slack.replies(channel, ts)) == [FIRST], "the first answer")
        stale = slack.edit(channel, ts, f"<@{BOT_USER}> {SECOND}")
        slack.wait_for(lambda: texts(slack.replies(channel, ts)) == [SECOND], "the second answer")
        slack.edit(channel, ts, f"<@{BOT_USER}> {THIRD}")
        slack.wait_for(lambda: texts(slack.replies(channel, ts)) == [THIRD], "the third answer")
        slack.wait_for_ack(slack.redeliver(stale))
        assert parts.rows("SELECT revision, text FROM questions") == [(2, THIRD)]


@pytest.mark.parametrize("code", ["restricted_action_read_only_channel", "restricted_action_thread_locked"])
def test_who_asks_where_slack_lets_nobody_post_is_told_directly(
    slack: SlackStandIn, channel: str, url: str, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    with running_parts(slack, FakeAnswerer(), url) as parts:
        slack.fail("chat.postMessage", Failure(code))
        slack.mention(channel, FIRST)
        told = slack.wait_for(lambda: slack.channels[slack.direct()].messages, "a word to the asker")
        slack.wait_for(lambda: parts.rows("SELECT state, reason FROM questions") == [("failed", code)], "the end")
    assert texts(told) == [WORDS.can_not_post.format(channel=f"<#{channel}>", reason=WORDS.refused_by_settings)]
    assert "An admin decides who may post in the channel" in caplog.text


def test_an_address_that_takes_no_more_for_now_is_tried_again(slack: SlackStandIn, url: str) -> None:
    channel = slack.join("C0FOREIGN", has_bot=False)
    with running_parts(slack, FakeAnswerer(), url):
        slack.fail("response_url", Failure(status=429, retry_after=1))
        slack.command(channel, FIRST)
        slack.wait_for(lambda: slack.private, "the answer")


def test_what_was_kept_while_the_bot_was_down_is_not_too_old_when_it_is_back(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    away: list[RetrievalError] = [RetrievalError("Milvus is away.")] * 2
    with running_parts(slack, FakeAnswerer(list(away)), url, lease_s=1.0) as parts:
        question = written(slack, channel, FIRST)
        left_behind(parts, question, age_s=1200)
        slack.wait_for(lambda: texts(slack.replies(channel, question.ts)) == [FIRST], "the answer alone")


def test_an_answer_that_is_ready_is_posted_however_long_slack_was_away(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    with running_parts(slack, FakeAnswerer(), url, lease_s=1.0, answer_within_s=2.5) as parts:
        for _ in range(3):
            slack.fail("chat.postMessage", SERVER_ERROR)
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: texts(slack.replies(channel, ts)) == [FIRST], "the answer")
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the end")


def test_nobody_is_promised_an_answer_who_has_not_asked_the_bot(slack: SlackStandIn, channel: str, url: str) -> None:
    away = FakeAnswerer([RetrievalError("Milvus is away.")] * 2)
    with running_parts(slack, away, url, lease_s=1.0, support_channels={channel: "questions"}) as parts:
        question = replace(written(slack, channel, FIRST), origin="support")
        left_behind(parts, question, age_s=10)
        slack.wait_for(lambda: texts(slack.replies(channel, question.ts)) == [FIRST], "the answer")
    assert [call.method for call in slack.calls].count("chat.postMessage") == 1


def test_an_answer_that_arrives_after_its_question_was_deleted_is_taken_back(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    with running_parts(slack, FakeAnswerer(), url, lease_s=3.0) as parts:
        slack.fail("chat.postMessage", Failure(passes=True, delay_s=3))
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: not slack.failures_left("chat.postMessage"), "the post to be under way")
        slack.delete(channel, ts)
        slack.wait_for(lambda: slack.replies(channel, ts), "the late post")
        slack.wait_for(lambda: not slack.replies(channel, ts), "the late post to go")
        slack.wait_for(lambda: parts.rows("SELECT state, untidied FROM questions") == [("deleted", 0)], "the end")


def test_a_deletion_that_slack_does_not_hear_at_first_is_tried_again(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    with running_parts(slack, FakeAnswerer(), url, lease_s=1.0) as parts:
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the answer")
        for _ in range(2):
            slack.fail("conversations.replies", SERVER_ERROR)
        slack.delete(channel, ts)
        slack.wait_for(lambda: not slack.replies(channel, ts), "the answer to go")


def test_who_may_not_ask_takes_nobodys_place(slack: SlackStandIn, channel: str, url: str) -> None:
    slack.people["U0GUEST"] = {"team_id": TEAM, "is_restricted": True}
    with running_parts(slack, FakeAnswerer(), url, questions_per_channel=2) as parts:
        for _ in range(2):
            slack.mention(channel, FIRST, user="U0GUEST")
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("quiet",)] * 2, "the refusals")
        slack.wait_for_replies(channel, slack.mention(channel, FIRST))


def test_a_refusal_that_reaches_nobody_is_the_end_of_it(slack: SlackStandIn, channel: str, url: str) -> None:
    slack.people[ASKER] = {"team_id": TEAM, "is_restricted": True}
    slack.reply_urls_are_spent = True
    with running_parts(slack, FakeAnswerer(), url, lease_s=1.0) as parts:
        slack.command(channel, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state, attempts FROM questions") == [("quiet", 1)], "the end")


@pytest.mark.parametrize(
    ("code", "reason"), [("is_archived", WORDS.refused_archived), ("restricted_action", WORDS.refused_by_settings)]
)
def test_a_command_that_can_not_be_answered_for_all_says_the_true_reason(
    slack: SlackStandIn, channel: str, url: str, code: str, reason: str
) -> None:
    with running_parts(slack, FakeAnswerer(), url):
        slack.fail("chat.postMessage", Failure(code))
        slack.command(channel, FIRST)
        (shown,) = slack.wait_for(lambda: slack.private, "the answer")
    assert shown["blocks"][-1]["text"]["text"] == WORDS.seen_by_you_alone.format(reason=reason)
    assert "/invite" not in str(shown)


def test_a_promise_of_which_nobody_heard_that_it_was_posted_goes_with_the_answer(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    away = FakeAnswerer([RetrievalError("Milvus is away.")] * 2)
    with running_parts(slack, away, url, lease_s=1.0) as parts:
        slack.fail("chat.postMessage", Failure("internal_error", status=500, after_work=True))
        question = written(slack, channel, FIRST)
        left_behind(parts, question, age_s=10)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the end")
        assert texts(slack.replies(channel, question.ts)) == [FIRST]
    assert [call.method for call in slack.calls].count("chat.postMessage") == 3


def test_who_is_answered_alone_is_told_alone_that_it_takes_longer(slack: SlackStandIn, url: str) -> None:
    channel = slack.join("C0FOREIGN", has_bot=False)
    away = FakeAnswerer([RetrievalError("Milvus is away.")])
    with running_parts(slack, away, url, lease_s=1.0) as parts:
        address = f"http://127.0.0.1:{slack.port}/response/1"
        question = replace(written(slack, channel, FIRST), origin="private", ts="shortcut 1")
        left_behind(parts, question, age_s=10, reply_url=address)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the end")
    assert texts(slack.private) == [WORDS.docs_are_away, FIRST]


def test_a_promise_that_can_not_be_deleted_does_not_keep_the_question_open(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    away = FakeAnswerer([RetrievalError("Milvus is away.")])
    with running_parts(slack, away, url, lease_s=1.0) as parts:
        slack.fail("chat.delete", Failure("is_archived"))
        left_behind(parts, written(slack, channel, FIRST), age_s=10)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the end")
