"""Users: who someone is to Slack, a member, a guest or an admin of ours, and which language they read."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.slack.errors import SlackError, SlackRefusedError, slack_call
from bot.slack.replies import field_of
from bot.text.wording import Wording, wording

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

logger = logging.getLogger(__name__)


REMEMBERED_S = 600.0
"""How long it is believed what Slack said of a person: who becomes a guest is noticed after ten minutes."""
REMEMBERED_PEOPLE = 10_000
UNKNOWN_USER = {"user_not_found", "user_not_visible"}
PATIENCE_S = 1.0
"""Slack wants its acks within three seconds: whose language is not known by then is spoken to in English."""


@dataclass(frozen=True, slots=True)
class Users:
    """What Slack knows of people, remembered for a while."""

    client: AsyncWebClient
    known: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)

    async def person(self, user: str) -> dict[str, Any]:
        """Return what Slack knows of a person; nothing for one that it does not know, or for "", which is nobody."""
        if not user:
            return {}
        known = self.known.get(user)
        if known and time.monotonic() - known[0] < REMEMBERED_S:
            return known[1]
        person: dict[str, Any] = {}
        try:
            with slack_call():
                person = field_of(await self.client.users_info(user=user, include_locale=True), "user", dict)
        except SlackRefusedError as error:
            if error.code not in UNKNOWN_USER:
                raise
        if len(self.known) >= REMEMBERED_PEOPLE:
            self.known.clear()
        self.known[user] = (time.monotonic(), person)
        return person

    async def is_person(self, user: str) -> bool:
        """Tell whether a user is a person; one of whom Slack does not tell it now counts as an app."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return (await self.person(user)).get("is_bot") is False
        except (SlackError, TimeoutError) as error:
            logger.info("It is not known whether %s is a person: %s", user, error)
            return False

    async def words(self, user: str) -> Wording:
        """Return the bot's sentences in a person's language; in English where Slack does not tell it now."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return wording((await self.person(user)).get("locale") or "")
        except (SlackError, TimeoutError) as error:
            logger.debug("The language of %s is not known: %s", user, error)
            return wording()


@dataclass(frozen=True, slots=True)
class Admins:
    """Knows who is one; `named` are ids of users and user groups."""

    client: AsyncWebClient
    named: tuple[str, ...]
    known: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)

    async def include(self, user: str) -> bool:
        """Tell whether a person is an admin; of a group that Slack does not tell nobody is."""
        if user in self.named:
            return True
        for group in (name for name in self.named if name.startswith("S")):
            if user in await self._members(group):
                return True
        return False

    async def _members(self, group: str) -> frozenset[str]:
        known = self.known.get(group)
        if known and time.monotonic() - known[0] < REMEMBERED_S:
            return known[1]
        members: frozenset[str] = frozenset()
        try:
            with slack_call():
                members = frozenset(field_of(await self.client.usergroups_users_list(usergroup=group), "users", list))
        except SlackError as error:
            logger.info("It is not known who is in the user group %s: %s", group, error)
        self.known[group] = (time.monotonic(), members)
        return members
