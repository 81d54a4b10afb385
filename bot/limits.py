"""This file is where nobody is answered so often that others wait for it: questions a minute, by person and channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.ledger import count_before

if TYPE_CHECKING:
    from bot.ledger import Entry, Ledger
    from bot.people import People


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many questions a minute are taken `per_user` and `per_channel`, over all replicas; 0 for any number."""

    ledger: Ledger
    people: People
    per_user: int
    per_channel: int

    async def word(self, entry: Entry) -> str:
        """Return what to tell someone who has to wait; "" when there is room. Who was let in once stays in."""
        if entry.tries > 1 or entry.revision or not (self.per_user or self.per_channel):
            return ""
        of_user, in_channel = await count_before(self.ledger.database, entry)
        words = await self.people.words(entry.inquiry.user)
        if self.per_user and of_user >= self.per_user:
            return words.too_many_of_yours.format(most=self.per_user)
        if self.per_channel and in_channel >= self.per_channel:
            return words.too_many_here.format(most=self.per_channel)
        return ""
