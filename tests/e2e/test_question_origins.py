"""Origins: the message shortcut, the home tab, and support channels of each policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.rendering.action_ids import EXAMPLE_ACTIONS, FORM_PRIVATELY, FORM_QUESTION
from bot.text.wording import wording
from tests.e2e.bot_process import log_of
from tests.standins.model import DEFAULT_REPLY, Reply
from tests.standins.slack import ASKER, BOT_USER, Failure, SlackStandIn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import Json

pytestmark = pytest.mark.usefixtures("folder")

WORDS = wording()
QUESTION = "How is data stored in milvus?"
ALL, MENTIONS = "C0ALL", "C0MENTIONS"
COLLEAGUE = "U0COLLEAGUE"


@pytest.fixture(scope="module")
def more_settings(slack: SlackStandIn) -> dict[str, str]:
    slack.people[COLLEAGUE] = {"team_id": "T0TEAM"}
    return {"LOG_LEVEL": "DEBUG", "SUPPORT_CHANNELS": f"{slack.join(ALL)}:all, {slack.join(MENTIONS)}:mentions"}


def values(question: str, *, privately: bool = False) -> Json:
    chosen = [{"value": FORM_PRIVATELY}] if privately else []
    return {
        FORM_QUESTION: {FORM_QUESTION: {"value": question}},
        FORM_PRIVATELY: {FORM_PRIVATELY: {"selected_options": chosen}},
    }


def use_shortcut(slack: SlackStandIn, channel: str, message: Json) -> Json:
    """Use the shortcut on a message; return the form that is shown."""
    shown = len(slack.views)
    slack.wait_for_ack(slack.shortcut(channel, message))
    (form,) = slack.wait_for(lambda: slack.views[shown:], "the form")
    return form


def said(slack: SlackStandIn, channel: str, text: str) -> Json:
    ts = slack.say(channel, text, user=COLLEAGUE)
    (message,) = [message for message in slack.channels[channel].messages if message["ts"] == ts]
    return message


def test_the_shortcut_answers_in_the_messages_thread_and_says_who_asked(slack: SlackStandIn, channel: str) -> None:
    message = said(slack, channel, f"I wonder: {QUESTION}")
    form = use_shortcut(slack, channel, message)
    assert form["blocks"][0]["element"]["initial_value"] == f"I wonder: {QUESTION}"
    sent = slack.submit(form, values(QUESTION))
    slack.wait_for_ack(sent)
    assert sent.reply == {}
    (reply,) = slack.wait_for_replies(channel, message["ts"])
    text, asked, *_ = reply["blocks"]
    assert text["text"] == DEFAULT_REPLY
    assert asked["elements"][0]["elements"] == [
        {"type": "user", "user_id": ASKER},
        {"type": "text", "text": " asked: "},
        {"type": "text", "text": QUESTION},
    ]


def test_a_shortcut_knows_the_thread_that_the_message_stands_in(
    slack: SlackStandIn, model: ModelStandIn, channel: str
) -> None:
    first = said(slack, channel, "We have built an index of type HNSW.")
    model.play(Reply("What does M do in an HNSW index?"), Reply("It bounds the degree [1]."))
    slack.wait_for_ack(slack.submit(use_shortcut(slack, channel, first), values("What does M do there?")))
    slack.wait_for_replies(channel, first["ts"])
    assert "We have built an index of type HNSW." in model.prompt()


def test_a_shortcuts_answer_may_be_for_the_asker_alone(slack: SlackStandIn, channel: str) -> None:
    message, told = said(slack, channel, QUESTION), len(slack.private)
    slack.submit(use_shortcut(slack, channel, message), values(QUESTION, privately=True))
    (shown,) = slack.wait_for(lambda: slack.private[told:], "the private answer")
    assert shown["blocks"][0]["text"]["text"] == DEFAULT_REPLY
    assert "/invite" not in str(shown["blocks"])
    slack.say(channel, "And how is an index of it built?", thread_ts=message["ts"])  # to colleagues who saw nothing
    slack.wait_for_replies(channel, slack.mention(channel, QUESTION))
    assert slack.replies(channel, message["ts"]) == []


@pytest.mark.parametrize("refused", [(), ("chat.postEphemeral",)])
def test_an_asker_whose_response_url_is_spent_is_told_in_another_way(
    slack: SlackStandIn, channel: str, refused: tuple[str, ...]
) -> None:
    message, told = said(slack, channel, QUESTION), len(slack.private)
    told_directly = len(slack.channels[slack.direct(ASKER)].messages)
    slack.reply_urls_are_spent = True
    for method in refused:
        slack.fail(method, Failure(error="user_not_in_channel"))
    slack.submit(use_shortcut(slack, channel, message), values(QUESTION, privately=True))
    shown = slack.wait_for(
        lambda: slack.private[told:] or slack.channels[slack.direct(ASKER)].messages[told_directly:], "the answer"
    )
    assert DEFAULT_REPLY in shown[0]["text"]
    slack.reply_urls_are_spent = False


def test_an_asker_who_can_not_be_reached_in_any_way_is_given_up(
    slack: SlackStandIn, channel: str, folder: Path
) -> None:
    message = said(slack, channel, QUESTION)
    slack.reply_urls_are_spent = True
    slack.fail("chat.postEphemeral", Failure(error="user_not_in_channel"))
    slack.fail("chat.postMessage", Failure(error="messages_tab_disabled"))
    slack.submit(use_shortcut(slack, channel, message), values(QUESTION, privately=True))
    slack.wait_for(lambda: f"The asker of {channel} shortcut" in log_of(folder), "the end of the question")
    slack.reply_urls_are_spent = False


def test_where_the_bot_is_not_a_shortcut_is_answered_privately_with_an_invitation(slack: SlackStandIn) -> None:
    channel, told = slack.join("C0FOREIGN", has_bot=False), len(slack.private)
    message = said(slack, channel, QUESTION)
    slack.submit(use_shortcut(slack, channel, message), values(QUESTION))
    (shown,) = slack.wait_for(lambda: slack.private[told:], "the private answer")
    assert shown["blocks"][0]["text"]["text"] == DEFAULT_REPLY
    assert "`/invite @milvusfaq`" in shown["blocks"][-1]["text"]["text"]


def test_a_form_that_can_not_be_answered_says_why_and_one_that_can_not_be_shown_too(
    slack: SlackStandIn, channel: str
) -> None:
    message, told = said(slack, channel, "x" * 4_000), len(slack.private)
    form = use_shortcut(slack, channel, message)
    sent = slack.submit(form, values(" "))
    slack.wait_for_ack(sent)
    assert sent.reply["errors"][FORM_QUESTION] == WORDS.empty_question
    slack.fail("views.open", Failure("expired_trigger_id"))
    slack.shortcut(channel, message)
    (shown,) = slack.wait_for(lambda: slack.private[told:], "a word to the asker")
    assert shown["text"] == WORDS.not_now


def test_the_home_tab_shows_what_is_known_and_what_was_asked(
    slack: SlackStandIn, model: ModelStandIn, channel: str, folder: Path
) -> None:
    model.play(Reply("Private matters [1]."))
    ts = slack.mention(channel, "How large may a <vector> be?")
    slack.wait_for(lambda: f"Answered {channel} {ts}" in log_of(folder), "the end of the question")
    slack.homes.clear()
    slack.wait_for_ack(slack.open_home())
    home = slack.wait_for(lambda: slack.homes.get(ASKER), "the home tab")
    assert home is not None
    kinds = [block["type"] for block in home["blocks"]]
    assert kinds[:5] == ["header", "section", "context", "header", "actions"]
    assert home["blocks"][2]["elements"][0]["text"].startswith("The docs that I know: Milvus 2.4, as of <!date^")
    link = home["blocks"][7]["elements"][0]["elements"][0]
    assert link["text"] == "How large may a <vector> be?"
    assert link["url"] == f"https://stand-in.slack.com/archives/{channel}/p{ts.replace('.', '')}"
    slack.open_home(user=COLLEAGUE)
    home = slack.wait_for(lambda: slack.homes.get(COLLEAGUE), "the colleague's home tab")
    assert home is not None
    assert WORDS.home_nothing_asked in str(home["blocks"])
    assert "How large" not in str(home["blocks"])


def test_an_example_that_is_pressed_is_asked_and_answered_in_direct_messages(slack: SlackStandIn) -> None:
    direct = slack.direct()
    before = len(slack.channels[direct].messages)
    slack.wait_for_ack(slack.press_home(EXAMPLE_ACTIONS[0], WORDS.example_1))
    asked, *_ = slack.wait_for(lambda: slack.channels[direct].messages[before:], "the question")
    assert asked["text"] == f"<@{ASKER}> asked: {WORDS.example_1}"
    (reply,) = slack.wait_for_replies(direct, asked["ts"])
    assert reply["blocks"][0]["text"] == DEFAULT_REPLY
    assert WORDS.home_asked.format(question=WORDS.example_1) in str(slack.homes[ASKER])


def test_where_one_begins_to_write_questions_are_suggested(slack: SlackStandIn) -> None:
    slack.wait_for_ack(slack.open_home(tab="messages"))
    (suggested,) = slack.wait_for(lambda: slack.calls_of("assistant.threads.setSuggestedPrompts"), "the suggestions")
    assert suggested["channel_id"] == slack.direct()
    assert suggested["prompts"][0]["message"] == WORDS.example_1
    assert len(suggested["prompts"]) == 4


def test_in_a_support_channel_for_all_messages_a_remark_is_answered_too(slack: SlackStandIn) -> None:
    ts = slack.say(ALL, "my query node runs out of memory")
    slack.wait_for_replies(ALL, ts)


def test_in_a_support_channel_for_mentions_only_those_are_answered(slack: SlackStandIn) -> None:
    unanswered = slack.say(MENTIONS, QUESTION)
    ts = slack.mention(MENTIONS, QUESTION)
    slack.wait_for_replies(MENTIONS, ts)
    slack.say(MENTIONS, "And how is an index of it built?", thread_ts=ts)
    later = slack.mention(MENTIONS, QUESTION)
    slack.wait_for_replies(MENTIONS, later)
    assert (len(slack.replies(MENTIONS, unanswered)), len(slack.replies(MENTIONS, ts))) == (0, 1)


def test_a_question_in_a_support_channel_that_a_colleague_has_answered_is_left_alone(
    slack: SlackStandIn, folder: Path
) -> None:
    slack.fail("conversations.replies", Failure(status=500))  # it is looked at half a second later
    ts = slack.say(ALL, QUESTION)
    slack.say(ALL, "In object storage, see the manual.", thread_ts=ts, user=COLLEAGUE)
    slack.wait_for(lambda: f"Ignored {ALL} {ts}: a person has taken over" in log_of(folder), "the decision")
    assert slack.replies(ALL, ts) == []


def test_in_a_group_direct_message_mentions_and_follow_ups_are_answered(slack: SlackStandIn) -> None:
    group = slack.new_channel(type_="mpim")
    slack.say(group, "Has anyone asked the bot?")
    ts = slack.mention(group, QUESTION)
    slack.wait_for_replies(group, ts)
    slack.say(group, "And how is it indexed?", thread_ts=ts)
    slack.wait_for_replies(group, ts, count=2)
    assert len([m for m in slack.channels[group].messages if m["user"] == BOT_USER]) == 2
