"""This file is where it is decided who may ask, and where: channels, guests, people of other organisations."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot import wording
from bot.slack_errors import error_code, talking_to_slack

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.intake import Inquiry

REMEMBERED_S = 600.0
"""How long it is believed what Slack said of a person: who becomes a guest is noticed after ten minutes."""
REMEMBERED_PEOPLE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may ask. Empty `channels` and `users` allow all; direct messages are no channel.

    `team` and `enterprise` are the bot's own workspace and organisation, "" for none.
    """

    client: AsyncWebClient
    team: str
    enterprise: str
    channels: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    guests: bool = False
    external: bool = False
    people: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)

    async def refusal(self, inquiry: Inquiry) -> str:
        """Return what to tell someone who may not ask here; "" when they may."""
        return await self.refusal_of(inquiry.user, channel=inquiry.channel)

    async def refusal_of(self, user: str, *, channel: str) -> str:
        """Return what to tell this person in this channel; "" when they may ask."""
        if self.channels and not channel.startswith("D") and channel not in self.channels:
            return wording.NOT_IN_THIS_CHANNEL
        if self.users and user not in self.users:
            return wording.NOT_THIS_PERSON
        if self.guests and self.external:
            return ""
        person = await self._person(user)
        if not self.external and self._is_external(person):
            return wording.NOT_OTHER_ORGANISATIONS
        if not self.guests and (person.get("is_restricted") or person.get("is_ultra_restricted")):
            return wording.NOT_GUESTS
        return ""

    def _is_external(self, person: dict[str, Any]) -> bool:
        if person.get("is_stranger") or not person:
            return True
        organisation = (person.get("enterprise_user") or {}).get("enterprise_id") or ""
        same_organisation = bool(self.enterprise) and organisation == self.enterprise
        return bool(person.get("team_id")) and person["team_id"] != self.team and not same_organisation

    async def _person(self, user: str) -> dict[str, Any]:
        """Return what Slack knows of a person; nothing for one that it does not know."""
        known = self.people.get(user)
        if known and time.monotonic() - known[0] < REMEMBERED_S:
            return known[1]
        try:
            with talking_to_slack():
                person: dict[str, Any] = (await self.client.users_info(user=user))["user"]
        except SlackApiError as error:
            if error_code(error) not in {"user_not_found", "user_not_visible"}:
                raise
            person = {}
        if len(self.people) >= REMEMBERED_PEOPLE:
            self.people.clear()
        self.people[user] = (time.monotonic(), person)
        return person
