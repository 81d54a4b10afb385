"""This file is where it is decided who may ask, and where: channels, guests, people of other organisations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain import MAX_QUESTION_CHARACTERS
from bot.ledger import count_before
from bot.text.intent import small_talk

if TYPE_CHECKING:
    from bot.domain import Inquiry
    from bot.ledger import Entry, Ledger
    from bot.slack.users import People
    from bot.text.wording import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may ask. Empty `channels` and `users` allow all; direct messages are no channel.

    `team` and `enterprise` are the bot's own workspace and organisation, "" for none.
    """

    people: People
    team: str
    enterprise: str
    channels: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    guests: bool = False
    external: bool = False

    async def refusal(self, inquiry: Inquiry) -> str:
        """Return what to tell someone who may not ask here; "" when they may."""
        return await self.refusal_of(inquiry.user, channel=inquiry.channel)

    async def refusal_of(self, user: str, *, channel: str) -> str:
        """Return what to tell this person in this channel; "" when they may ask."""
        if self.channels and not channel.startswith("D") and channel not in self.channels:
            return (await self.people.words(user)).not_in_this_channel
        if self.users and user not in self.users:
            return (await self.people.words(user)).not_this_person
        if self.guests and self.external:
            return ""
        person = await self.people.person(user)
        if not self.external and self._is_external(person):
            return (await self.people.words(user)).not_other_organisations
        if not self.guests and (person.get("is_restricted") or person.get("is_ultra_restricted")):
            return (await self.people.words(user)).not_guests
        return ""

    def _is_external(self, person: dict[str, Any]) -> bool:
        if person.get("is_stranger") or not person:
            return True
        organisation = (person.get("enterprise_user") or {}).get("enterprise_id") or ""
        same_organisation = bool(self.enterprise) and organisation == self.enterprise
        return bool(person.get("team_id")) and person["team_id"] != self.team and not same_organisation


def objection(text: str, words: Wording, *, bot_name: str = "milvusfaq") -> str:
    """Return what to tell someone whose question can't be answered as it stands; "" when it can."""
    if not text:
        return words.empty_question
    if small_talk(text) == "hello" or not re.search(r"\w", text):
        return words.help.format(name=bot_name)
    if len(text) > MAX_QUESTION_CHARACTERS:
        return words.too_long.format(characters=len(text), most=MAX_QUESTION_CHARACTERS)
    return ""


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
