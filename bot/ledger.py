"""This file is where it is known which question was accepted: one question, one answer.

Kept in memory: it lives as long as the process, which covers a mention's two events and Slack's redeliveries.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

REMEMBERED = 50_000
"""Questions; Slack redelivers for minutes, not for days."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The questions accepted so far, by (team, channel, ts)."""

    accepted: OrderedDict[tuple[str, str, str], None] = field(default_factory=OrderedDict)

    def claim(self, key: tuple[str, str, str]) -> bool:
        """Accept a question; False when it has been accepted before."""
        if key in self.accepted:
            return False
        self.accepted[key] = None
        if len(self.accepted) > REMEMBERED:
            self.accepted.popitem(last=False)
        return True
