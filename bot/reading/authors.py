"""Authors: who has posted a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from bot.domain import BotIdentity

Author = Literal["the bot", "a person", "an app", "perhaps a person", "Slack"]
"""Perhaps a person: an app has posted it with the token of a user, who may be a person or the app itself."""
PERSON_SUBTYPES = (None, "file_share", "thread_broadcast", "me_message")
"""What a person posts; every other subtype is an edit, a deletion, a join, a bot."""


def author_of(message: Mapping[str, Any], bot: BotIdentity, people: AbstractSet[str] = frozenset()) -> Author:
    """Tell who has posted a message. The bot's own are told by its ids, never by what a message says of itself.

    Whose users are `people`, as Slack says, has posted it though an app's token was used.
    """
    subtype, user = message.get("subtype"), message.get("user")
    if is_own(message, bot):
        return "the bot"
    if user == "USLACKBOT" or not isinstance(subtype, str | None) or subtype not in (*PERSON_SUBTYPES, "bot_message"):
        return "Slack"
    if subtype == "bot_message" or not isinstance(user, str) or not user:
        return "an app"
    if not message.get("bot_id"):
        return "a person"
    perhaps: Author = "a person" if user in people else "perhaps a person"
    return "an app" if subtype else perhaps


def is_own(message: Mapping[str, Any], bot: BotIdentity) -> bool:
    """Tell the bot's own messages."""
    ids = ((message.get("user"), bot.user), (message.get("bot_id"), bot.bot_id), (message.get("app_id"), bot.app_id))
    return any(own and found == own for found, own in ids)


def app_ids(message: Mapping[str, Any]) -> AbstractSet[str]:
    """Return the ids by which an app's post may be named: its app's, its bot's, its workflow's."""
    ids = (message.get("app_id"), _profile(message).get("app_id"), message.get("bot_id"), message.get("workflow_id"))
    return {str(id_) for id_ in ids if id_}


def app_name(message: Mapping[str, Any]) -> str:
    """Return what an app calls itself; "" where it does not say."""
    return str(message.get("username") or _profile(message).get("name") or "")


def _profile(message: Mapping[str, Any]) -> dict[str, Any]:
    profile = message.get("bot_profile")
    return profile if isinstance(profile, dict) else {}
