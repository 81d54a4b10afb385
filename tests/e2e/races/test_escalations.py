"""Races of escalations: calls for a person meet a stop, a deletion, a failure of Slack."""

from __future__ import annotations

from bot.domain import MessageRef
from rag import Answer
from tests.e2e.in_process import running_parts
from tests.e2e.races.support import FIRST, SECOND, SERVER_ERROR, WORDS, texts
from tests.fakes import FakeAnswerer
from tests.standins.slack import ASKER, TEAM, SlackStandIn


def test_with_a_deleted_question_the_plea_that_repeats_it_goes_too(slack: SlackStandIn, channel: str, url: str) -> None:
    with running_parts(slack, FakeAnswerer(), url, escalation_group="S0HELP") as parts:
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the answer")
        (answer,) = slack.replies(channel, ts)
        slack.press(channel, answer, "escalate", ts)
        slack.wait_for(lambda: len(slack.replies(channel, ts)) == 2, "the call for a person")
        slack.delete(channel, ts)
        slack.wait_for(lambda: not slack.replies(channel, ts), "both to go")


def test_who_was_to_be_called_when_the_bot_was_stopped_is_called_by_the_next_one_and_only_once(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    with running_parts(slack, FakeAnswerer(), url, escalation_group="S0HELP") as parts:
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the answer")
        assert parts.run(parts.ledger.escalations.request(MessageRef(TEAM, channel, ts), user=ASKER))
        parts.rows("UPDATE escalations SET at = at - 60")
    with running_parts(slack, FakeAnswerer(), url, escalation_group="S0HELP") as parts:
        slack.wait_for(lambda: parts.rows("SELECT posted_ts FROM escalations") != [("",)], "the call")
        (_, called) = slack.replies(channel, ts)
        assert called["text"].startswith("<!subteam^S0HELP>")
        parts.rows("UPDATE escalations SET at = at - 60, posted_ts = ''")  # as if it had never been noted
    with running_parts(slack, FakeAnswerer(), url, escalation_group="S0HELP") as parts:
        slack.wait_for(lambda: parts.rows("SELECT posted_ts FROM escalations") == [(called["ts"],)], "the note")
    assert len(slack.replies(channel, ts)) == 2


def test_who_may_not_ask_calls_nobody(slack: SlackStandIn, channel: str, url: str) -> None:
    slack.people["U0GUEST"] = {"team_id": TEAM, "is_restricted": True}
    with running_parts(slack, FakeAnswerer(), url, escalation_group="S0HELP") as parts:
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the answer")
        slack.press(channel, slack.replies(channel, ts)[0], "escalate", ts, user="U0GUEST")
        (told,) = slack.wait_for(lambda: slack.private, "a word to the guest")
        assert told["text"] == WORDS.not_guests
        assert parts.rows("SELECT * FROM escalations") == []


def test_with_a_deleted_question_the_plea_in_another_channel_goes_too(slack: SlackStandIn, url: str) -> None:
    direct, on_call = slack.direct(), slack.join("C0ONCALL")
    with running_parts(slack, FakeAnswerer(), url, escalation_group="S0HELP", escalation_channel=on_call) as parts:
        ts = slack.say(direct, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the answer")
        slack.press(direct, slack.replies(direct, ts)[0], "escalate_elsewhere", ts)
        slack.wait_for(lambda: len(slack.replies(direct, ts)) == 2, "the word where it stands")
        assert len(slack.channels[on_call].messages) == 1
        slack.delete(direct, ts)
        slack.wait_for(lambda: not slack.channels[on_call].messages, "the called to go")


def test_that_someone_has_helped_is_shown_by_the_next_press_when_slack_failed_at_the_first(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    slack.people["U0HELPER"] = {"team_id": TEAM}
    with running_parts(slack, FakeAnswerer(), url, escalation_group="S0HELP") as parts:
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the answer")
        slack.press(channel, slack.replies(channel, ts)[0], "escalate", ts)
        slack.wait_for(lambda: len(slack.replies(channel, ts)) == 2, "the call for a person")
        called = slack.replies(channel, ts)[1]
        slack.fail("chat.update", SERVER_ERROR)
        slack.wait_for_ack(slack.press(channel, called, "resolve", ts, user="U0HELPER"))
        (told,) = slack.wait_for(lambda: slack.private, "a word to the helper")
        assert told["text"] == WORDS.not_now
        slack.press(channel, called, "resolve", ts)
        slack.wait_for(
            lambda: "Resolved by <@U0HELPER>" in slack.replies(channel, ts)[1]["text"], "the end of the escalation"
        )


def test_a_button_works_though_a_person_has_taken_over(slack: SlackStandIn, channel: str, url: str) -> None:
    shorter = Answer(text="Shorter.", citations=(), kind="grounded")
    answers = FakeAnswerer([Answer(text=FIRST, citations=(), kind="grounded"), shorter])
    with running_parts(slack, answers, url, support_channels={channel: "questions"}) as parts:
        ts = slack.say(channel, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the answer")
        slack.say(channel, "Same here, following.", thread_ts=ts, user="U0COLLEAGUE")
        slack.press(channel, slack.replies(channel, ts)[0], "again_shorter", ts)
        slack.wait_for(lambda: texts(slack.replies(channel, ts)) == ["Shorter."], "the shorter answer")


def test_below_the_answer_to_a_question_that_is_gone_the_buttons_say_so(
    slack: SlackStandIn, channel: str, url: str
) -> None:
    with running_parts(slack, FakeAnswerer(), url, escalation_group="S0HELP") as parts:
        ts = slack.mention(channel, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the answer")
        (answer,) = slack.replies(channel, ts)
        slack.say(channel, "Thanks, that helped us too.", thread_ts=ts, user="U0COLLEAGUE")
        slack.delete(channel, ts)
        slack.wait_for(lambda: parts.rows("SELECT text FROM questions") == [(None,)], "the deletion")
        for action in ("escalate", "again_shorter"):
            told = len(slack.private)
            slack.press(channel, answer, action, ts)
            slack.wait_for(lambda: slack.private[told:], "a word to who pressed")  # noqa: B023 - called at once
            assert slack.private[-1]["text"] == WORDS.question_is_gone
    assert len(slack.replies(channel, ts)) == 1


def test_where_people_were_called_is_still_said_below_the_answer_to_an_edit(slack: SlackStandIn, url: str) -> None:
    direct, on_call = slack.direct(), slack.join("C0ONCALL")
    with running_parts(slack, FakeAnswerer(), url, escalation_group="S0HELP", escalation_channel=on_call) as parts:
        parts.worker.cleanup.arrived_after_s = 1.0
        ts = slack.say(direct, FIRST)
        slack.wait_for(lambda: parts.rows("SELECT state FROM questions") == [("answered",)], "the answer")
        slack.press(direct, slack.replies(direct, ts)[0], "escalate_elsewhere", ts)
        slack.wait_for(lambda: len(slack.replies(direct, ts)) == 2, "the word where it stands")
        where = slack.replies(direct, ts)[1]
        slack.edit(direct, ts, SECOND)
        slack.wait_for(lambda: texts(slack.replies(direct, ts)) == [SECOND, where["text"]], "the new answer")
        slack.wait_for(lambda: not parts.worker.tasks, "the end of the question")
        slack.wait_for(lambda: not parts.worker.cleanup.tasks.tasks, "the end of the cleaning")
        assert texts(slack.replies(direct, ts)) == [SECOND, where["text"]]
