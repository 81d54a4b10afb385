"""This file is where the messages of an answer come to stand in Slack: each once, in place of what stood there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.ledger import STARTED

if TYPE_CHECKING:
    from bot.ledger import Entry, Ledger
    from bot.live import LiveReply
    from bot.reply import Place

SETTLED_AFTER_S = 1.0
"""What Slack took without our hearing so may not be seen in the thread at once."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Posts what the ledger holds as a question's answer; `bot_user` is the bot's own user id."""

    ledger: Ledger
    bot_user: str

    async def deliver(self, entry: Entry, place: Place, *, live: LiveReply | None = None, look_first: bool) -> Entry:
        """Post what does not stand in Slack yet; `look_first` where someone may have posted before."""
        posted, standing = dict(entry.posted), await self.standing(entry, place)
        if look_first:
            await asyncio.sleep(SETTLED_AFTER_S)
            posted |= await place.read_posted()
        for part, message in enumerate(entry.messages):
            if part in posted:
                continue
            if part:
                entry = await self.ledger.note_posted(entry, posted)  # and make sure that it is still ours
            if part >= len(standing):
                posted[part] = await place.post(message, part)
            elif live and live.ts == standing[part] and await live.finish(message):
                posted[part] = live.ts
            else:
                posted[part] = await place.rewrite(standing[part], message, part)
        for ts in set(standing) - set(posted.values()):
            await place.take_back(ts)
        return replace(entry, posted=posted)

    async def standing(self, entry: Entry, place: Place) -> list[str]:
        """Return the messages from before, in order; a stream that may have been begun is looked for in the thread."""
        if STARTED not in entry.standing:
            return list(entry.standing)
        await asyncio.sleep(SETTLED_AFTER_S)
        known = await self.ledger.streams_in(entry.inquiry)
        return [ts for ts in await place.read_unmarked(self.bot_user) if ts not in known][:1]
