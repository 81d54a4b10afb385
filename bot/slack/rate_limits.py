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
BURST_SHARES: dict[OptionalCall, float] = {"status": 1.0}
"""Of a status more: fifty people who ask at the same moment all see at once that they were heard."""
REMEMBERED_S = 3_600.0
"""How long a refusal holds for the whole workspace before it is tried again: what is switched on then is noticed."""


@dataclass(slots=True)
class TokenBucket:
    """Calls that may be made: `per_minute` come back in a minute, up to a burst; `at` is when that was counted last."""

    per_minute: float
    burst: float
    at: float
    left: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a whole burst."""
        self.left = self.burst

    def take(self, now: float, *, leave: float = 0.0) -> bool:
        """Take one, and leave so many; False when there are too few."""
        self.left = min(self.burst, self.left + (now - self.at) * self.per_minute / 60)
        self.at = now
        if self.left < 1 + leave:
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
        per_minute = {call: calls * self.pace for call, calls in PER_MINUTE.items()}
        self.budgets = {
            call: TokenBucket(calls, calls * BURST_SHARES.get(call, BURST_SHARE), at=now)
            for call, calls in per_minute.items()
        }

    def may(self, call: OptionalCall, *, channel: str = "", leave: float = 0.0) -> bool:
        """Tell whether it may be done now, in this channel; that is counted as done.

        `leave` is which share of the burst is to be left for what counts more.
        """
        if self.is_refused(call, channel=channel):
            return False
        budget = self.budgets[call]
        return budget.take(self.clock(), leave=leave * budget.burst)

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
