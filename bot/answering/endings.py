"""Endings: how an attempt at a question may end. The closer does for each what is left to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.domain import Ignored

if TYPE_CHECKING:
    from bot.domain import SlackMessage
    from bot.ledger import Entry, Outcome
    from bot.slack.errors import AskerUnreachableError, SlackRefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The answer stands in Slack; `entry` knows where.

    `outcome` is None for an answer that an earlier attempt had made.
    """

    entry: Entry
    outcome: Outcome | None
    was_stopped: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The asker may not ask, here or now: they are told so alone, in the words of `text`; `reason` is the ledger's."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class NotHeard:
    """A post that is addressed to nobody wants no answer."""


@dataclass(frozen=True, slots=True)
class PersonCalled:
    """A person is wanted: people were called, or `told` says to the asker alone why not."""

    told: str = ""


@dataclass(frozen=True, slots=True)
class ToldAlone:
    """The docs do not hold what nobody has asked the bot: its asker alone is shown the nearest pages."""

    message: SlackMessage


@dataclass(frozen=True, slots=True)
class Restored:
    """Nothing was said, and the answer before stands again: the ledger knows that already."""


@dataclass(frozen=True, slots=True)
class CannotPost:
    """Slack takes no message where the question was asked."""

    error: SlackRefusedError


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The asker could only be answered at an address that takes nothing more."""

    error: AskerUnreachableError


@dataclass(frozen=True, slots=True)
class GaveUp:
    """There will be no answer: the asker is told so in a sentence of wording.yaml; `reason` is the ledger's."""

    sentence: Literal["busy", "apology"]
    reason: str


Ending = (
    Published | Refused | Ignored | NotHeard | PersonCalled | ToldAlone | Restored | CannotPost | Unreachable | GaveUp
)
