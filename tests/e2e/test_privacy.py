"""Privacy: what people are told of what is kept, how they have it deleted, and who is told of a thumbs-down."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.rendering.action_ids import FEEDBACK_ACTION, FORGET_ACTION
from bot.text.wording import wording
from tests.e2e.bot_process import environment
from tests.standins.slack import ASKER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.slack import Json, SlackStandIn

WORDS, TEAM_CHANNEL = wording(), "C0TEAMONLY"
QUESTION = "How is data stored in milvus?"

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture(scope="module")
def more_settings(slack: SlackStandIn) -> dict[str, str]:
    """Tell a channel of thumbs-down, and show admins what the model takes."""
    slack.scopes |= {"channels:read", "usergroups:read"}
    slack.join(TEAM_CHANNEL, type_="group")
    slack.groups["S0ADMINS"] = ["U0GROUPED"]
    for user in ("U0ADMIN", "U0GROUPED", "U0LEAVES"):
        slack.people[user] = {"team_id": "T0TEAM", "is_bot": False}
    return {"FEEDBACK_CHANNEL": TEAM_CHANNEL, "ADMINS": "U0ADMIN,S0ADMINS", "LLM_TOKENS_PER_DAY": "1000000"}


def asked(slack: SlackStandIn, channel: str) -> str:
    is_direct = channel.startswith("D")
    return slack.say(channel, QUESTION) if is_direct else slack.mention(channel, QUESTION)


def dislike(slack: SlackStandIn, channel: str, words: str) -> None:
    """Ask, press the thumb down, and send the form with words."""
    (answer,) = slack.wait_for_replies(channel, asked(slack, channel))
    (block,) = (block for block in answer["blocks"] if block["type"] == "context_actions")
    shown = len(slack.views)
    slack.wait_for_ack(slack.press(channel, answer, FEEDBACK_ACTION, block["elements"][0]["negative_button"]["value"]))
    form = slack.wait_for(lambda: slack.views[shown:], "the form")[0]
    chosen = {"selected_option": {"value": "wrong"}}
    slack.wait_for_ack(slack.submit(form, {"reason": {"reason": chosen}, "words": {"words": {"value": words}}}))


def told(slack: SlackStandIn, count: int) -> Json:
    messages = slack.channels[TEAM_CHANNEL].messages
    return slack.wait_for(lambda: messages[count:], "a word to the team")[0]


def test_a_thumb_down_with_words_is_told_to_the_team(slack: SlackStandIn, channel: str) -> None:
    before = len(slack.channels[TEAM_CHANNEL].messages)
    dislike(slack, channel, "The number is of another version.")
    message = told(slack, before)
    shown = json.dumps(message["blocks"])
    assert "The number is of another version." in shown
    assert f"archives/{channel}/p" in shown
    assert QUESTION in shown


def test_of_a_private_question_the_team_is_told_no_word(slack: SlackStandIn) -> None:
    before = len(slack.channels[TEAM_CHANNEL].messages)
    dislike(slack, slack.direct(), "My own business.")
    shown = json.dumps(told(slack, before))
    assert "It was asked in private" in shown
    assert "My own business" not in shown
    assert "How is data" not in shown
    assert slack.direct() not in shown.replace(TEAM_CHANNEL, "")


def home_of(slack: SlackStandIn, user: str) -> str:
    slack.homes.pop(user, None)
    slack.wait_for_ack(slack.open_home(user=user))
    home = slack.wait_for(lambda: slack.homes.get(user), "the home tab")
    return json.dumps(home, ensure_ascii=False)


def test_the_home_tab_says_what_is_kept_where_it_goes_and_who_reads_it(slack: SlackStandIn) -> None:
    home = home_of(slack, ASKER)
    assert WORDS.home_kept.format(days=90) in home
    assert WORDS.home_model.format(host="127.0.0.1") in home
    assert WORDS.home_readers in home


def test_admins_alone_see_what_the_language_model_takes(slack: SlackStandIn) -> None:
    shown = {user: "of 1,000,000 tokens" in home_of(slack, user) for user in ("U0ADMIN", "U0GROUPED", ASKER)}
    assert shown == {"U0ADMIN": True, "U0GROUPED": True, ASKER: False}


def rows(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "milvus.ledger.sqlite3")) as ledger:
        return ledger.execute(statement).fetchall()


def command(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    uri = str(folder / "milvus.db")
    script = "from bot.entrypoints.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        env=environment(MILVUS_URI=uri),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def test_what_is_kept_of_a_person_can_be_written_out_and_deleted_by_themselves(
    slack: SlackStandIn, channel: str, folder: Path
) -> None:
    ts = slack.mention(channel, "What does a query node do?", user="U0LEAVES")
    slack.wait_for_replies(channel, ts)
    slack.wait_for(lambda: rows(folder, "SELECT 1 FROM token_usage WHERE user = 'U0LEAVES'"), "its tokens")
    done = command(folder, "export", "--user", "U0LEAVES")
    kept = json.loads(done.stdout)
    assert [row["text"] for row in kept["questions"]] == ["What does a query node do?"]
    assert kept["token_usage"][0]["completion_tokens"] > 0
    assert "export U0LEAVES" in done.stderr
    slack.homes.pop("U0LEAVES", None)
    slack.wait_for_ack(slack.press_home(FORGET_ACTION, "me", user="U0LEAVES"))
    home = slack.wait_for(lambda: slack.homes.get("U0LEAVES"), "the home tab")
    assert WORDS.home_forgotten.format(count=1) in json.dumps(home)
    assert not rows(folder, "SELECT 1 FROM questions WHERE user = 'U0LEAVES' OR text LIKE '%query node do%'")
    assert not rows(folder, "SELECT 1 FROM token_usage WHERE user = 'U0LEAVES'")
    audit = rows(folder, "SELECT action, subject, actor = 'U0LEAVES' FROM audit ORDER BY id")
    assert audit == [("export", "U0LEAVES", 0), ("forget", "U0LEAVES", 1)]
    assert not any(json.loads(command(folder, "export", "--user", " u0leaves").stdout).values())
    for wrong in (("forget", "--user", "@leaves"), ("export", "--user", ASKER, "--to", "/nowhere/it.json")):
        refused = command(folder, *wrong, code=1)
        assert "is no Slack user id" in refused.stderr or "can't be written" in refused.stderr
        assert "Traceback" not in refused.stderr
