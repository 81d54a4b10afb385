"""Rate limits: what Slack lets the bot do in this workspace, and how much of it is left this minute.

Slack counts calls by method and workspace; whoever asks too often is refused everything for a while. So what is only
nice to have (a status, an answer that grows) goes without when its share is used up: the answer never does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable


PostingMode = Literal["stream", "update", "whole"]
"""How an answer comes to stand in its thread: streamed, posted and updated as it grows, or posted when it is whole."""
OptionalCall = Literal["stream", "append", "update", "status", "session"]

PER_MINUTE: dict[OptionalCall, float] = {"stream": 20, "append": 100, "update": 50, "status": 50, "session": 50}
"""Slack's tiers 2, 4 (100 and more), 3, 3 and 3: docs.slack.dev/apis/web-api/rate-limits."""
BURST_SHARE = 0.5
"""So much of a minute's calls may come at once; the rest comes back evenly."""
REMEMBERED_S = 3_600.0
"""How long a refusal holds for the whole workspace before it is tried again: what is switched on then is noticed."""


@dataclass(slots=True)
class TokenBucket:
    """Calls that may be made: `per_minute` come back in a minute, up to a burst; `at` is when that was counted last."""

    per_minute: float
    at: float
    left: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a whole burst."""
        self.left = self.per_minute * BURST_SHARE

    def take(self, now: float) -> bool:
        """Take one; False when there is none."""
        most = self.per_minute * BURST_SHARE
        self.left = min(most, self.left + (now - self.at) * self.per_minute / 60)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(slots=True)
class SlackRateLimits:
    """What is left, and what was refused until when.

    `pace` is how many times as many calls as Slack promises everyone; `clock` gives seconds that never run backwards.
    """

    pace: float = 1.0
    clock: Callable[[], float] = time.monotonic
    budgets: dict[OptionalCall, TokenBucket] = field(init=False)
    refused: dict[tuple[OptionalCall, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with whole budgets."""
        now = self.clock()
        self.budgets = {call: TokenBucket(calls * self.pace, at=now) for call, calls in PER_MINUTE.items()}

    def may(self, call: OptionalCall, *, channel: str = "") -> bool:
        """Tell whether it may be done now, in this channel; that is counted as done."""
        return not self.is_refused(call, channel=channel) and self.budgets[call].take(self.clock())

    def refuse(self, call: OptionalCall, *, channel: str = "") -> None:
        """Remember that Slack does not do it, in channels of this kind or ("") anywhere."""
        self.refused[call, channel[:1]] = self.clock() + REMEMBERED_S

    def is_refused(self, call: OptionalCall, *, channel: str = "") -> bool:
        """Tell whether Slack has said that it does not do it."""
        now = self.clock()
        return any(self.refused.get((call, kind), 0.0) > now for kind in ("", channel[:1]))

    def choose(self, channel: str) -> PostingMode:
        """Return how an answer may grow in this channel now."""
        if not self.is_refused("stream", channel=channel):
            return "stream" if self.may("stream", channel=channel) else "whole"
        return "update" if self.may("update") else "whole"
