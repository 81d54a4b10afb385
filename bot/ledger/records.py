"""The ledger's records: a question with how far it has come, what came of it, and a call for a person's help."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain import SlackMessage, SlackQuestion
    from rag import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An accepted question.

    `claims` counts the processes that took it up, `tries` how often answering began. `messages` is what answers it,
    once that is known, and `kind` of what kind it is; `posted` tells the ts of those that stand in Slack for certain,
    by their place in `messages`. `to_replace` are the ts of messages from before, in order: a stream that was begun, or
    the parts of an answer to the question as it was; they become the parts of this one. `has_unknown_stream` tells of a
    stream of which nobody knows yet whether Slack began it. `revision` counts how often the question was taken up anew,
    `style` is how it is to be answered then. `notice_ts` is the message that told the asker to wait, "" where there is
    none; `was_told_privately` where the asker alone has seen it, which can't be retracted. `age_s` is the time since it
    was accepted; `is_undecided` tells that it is still open whether it wants an answer.
    """

    id: int
    question: SlackQuestion
    claims: int
    tries: int
    age_s: float
    messages: tuple[SlackMessage, ...] = ()
    kind: str = ""
    posted: Mapping[int, str] = field(default_factory=dict)
    notice_ts: str = ""
    was_told_privately: bool = False
    to_replace: tuple[str, ...] = ()
    has_unknown_stream: bool = False
    revision: int = 0
    style: Style = ""
    was_stopped: bool = False
    is_undecided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is kept of an answer beside its text.

    `passages` are ids with scores (inner products) and docs versions, `versions` what made it, `times` seconds by
    step, `tokens` the model's count for prompt and completion (None where it tells none).
    """

    kind: str
    passages: tuple[tuple[str, float, str], ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)
    tokens: tuple[int, int] | None = None
    citations: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A question for which `user` wants a person's help: in `channel`, "" for the question's own thread.

    `posted_ts` is the message that called people, "" where there is none yet or it is not known.
    """

    entry: Entry
    user: str
    channel: str
    posted_ts: str = ""
