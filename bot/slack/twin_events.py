"""Twin events: Slack sends a mention twice, as `app_mention` and as `message`; the second needs no listener."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

REMEMBERED = 500
PLAIN = (None, "file_share", "thread_broadcast")
"""The subtypes of a message as it was written: an edit or a deletion is news."""

Message = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TwinEvents:
    """The mentions of late, by channel and ts, each with whether it was taken, once that is known."""

    mentions: dict[Message, asyncio.Future[bool]] = field(default_factory=dict)

    def begin(self, payload: Mapping[str, Any]) -> asyncio.Future[bool] | None:
        """Return what is to be told whether a mention was taken; None for other events."""
        message = _message_of(payload, "app_mention")
        if message is None:
            return None
        while len(self.mentions) >= REMEMBERED:
            del self.mentions[next(iter(self.mentions))]
        self.mentions[message] = taken = asyncio.get_running_loop().create_future()
        return taken

    async def is_twin(self, payload: Mapping[str, Any]) -> bool:
        """Tell whether a message's mention was taken; one that came before its mention has no twin yet."""
        message = _message_of(payload, "message")
        taken = self.mentions.get(message) if message else None
        return taken is not None and await asyncio.shield(taken)


def _message_of(payload: Mapping[str, Any], type_: str) -> Message | None:
    event = payload.get("event")
    if not isinstance(event, dict) or event.get("type") != type_ or event.get("subtype") not in PLAIN:
        return None
    return str(event.get("channel")), str(event.get("ts"))
