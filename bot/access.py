"""This file is where it is decided who may ask, and where: channels, guests, people of other organisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.intake import Inquiry
    from bot.people import People


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
