"""The state behind the page: a workspace with named channels, open forms, and all that went to and fro."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.playground.server import SlackServer

if TYPE_CHECKING:
    from bot.playground.workspace import Json


@dataclass(slots=True)
class OpenForm:
    """A form that a person sees, and what is wrong with what they sent."""

    view: Json
    key: str
    errors: dict[str, str] = field(default_factory=dict)


class Traffic(NamedTuple):
    """An envelope or a call: when it went, what it held, and what came of it."""

    at: float
    kind: str
    name: str
    held: Any
    outcome: str


class PageState(SlackServer):
    """A Slack of which a page can be painted."""

    def __init__(self) -> None:
        super().__init__()
        self.begun_at = time.monotonic()
        self.channel_names: dict[str, str] = {}
        self.forms: dict[str, OpenForm] = {}

    def traffic(self) -> list[Traffic]:
        """Return all envelopes and calls in their order."""
        sent = [
            Traffic(
                one.sent_at,
                "envelope",
                str(one.payload.get("event", {}).get("type") or one.type),
                {"payload": one.payload, "reply": one.reply},
                f"ack after {1_000 * (one.acked_at - one.sent_at):.0f} ms" if one.acked_at else "no ack yet",
            )
            for one in self.envelopes
        ]
        called = [Traffic(one.at, "call", one.method, one.arguments, one.outcome) for one in self.calls]
        return sorted(sent + called, key=lambda entry: entry.at)
