"""What tests of races share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain import SlackQuestion
from bot.text.wording import wording
from tests.standins.slack import ASKER, TEAM, Failure, SlackStandIn

if TYPE_CHECKING:
    from tests.e2e.in_process import RunningParts
    from tests.standins.slack import Json


WORDS = wording()
FIRST, SECOND, THIRD = "How is AAA stored?", "How is BBB stored?", "How is CCC stored?"
SERVER_ERROR = Failure("internal_error", status=500)


def texts(messages: list[Json]) -> list[str]:
    return [message["text"] for message in messages]


def written(slack: SlackStandIn, channel: str, text: str) -> SlackQuestion:
    """Write a message of which no event comes; return the question that it is."""
    ts = slack.new_ts()
    slack.channels[channel].messages.append({"type": "message", "user": ASKER, "text": text, "ts": ts, "team": TEAM})
    return SlackQuestion(team=TEAM, channel=channel, ts=ts, thread_ts=ts, user=ASKER, text=text)


def left_behind(parts: RunningParts, question: SlackQuestion, *, age_s: int, reply_url: str = "") -> None:
    """Have a question in the ledger that a process which is gone accepted so long ago."""
    assert parts.run(parts.ledger.questions.accept(question, reply_url=reply_url))
    parts.rows(f"UPDATE questions SET accepted_at = accepted_at - {age_s}, owner = 'gone/1/a', lease_until = 0")  # noqa: S608
