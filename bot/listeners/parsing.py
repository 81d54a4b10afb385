"""Parsing: what Slack sends becomes a question, or the reason to ignore it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.domain import Ignored, Origin, SlackQuestion, SupportPolicy
from bot.listeners.support_channels import is_wanted, reason_to_ignore
from bot.rendering.action_ids import FORM_PRIVATELY, FORM_QUESTION
from bot.text.intent import small_talk
from bot.text.mrkdwn import MENTION, message_text, plain_text
from bot.text.redaction import redact, storable

if TYPE_CHECKING:
    from collections.abc import Mapping


PERSON_SUBTYPES = {None, "file_share", "thread_broadcast"}
"""What a person posts; every other subtype is an edit, a deletion, a join, a bot."""


def read_mention(event: Mapping[str, Any], *, bot_user: str) -> SlackQuestion | Ignored:
    """Read an app_mention event."""
    if _is_from_bot(event, bot_user):
        return Ignored("from a bot")
    if event.get("subtype") not in PERSON_SUBTYPES or event.get("edited"):
        return Ignored("an edit or another kind of message")
    return _unless_thanks(_question(event, bot_user, "mention"))


def read_message(
    event: Mapping[str, Any], *, bot_user: str, support_channels: Mapping[str, SupportPolicy] | None = None
) -> SlackQuestion | Ignored:
    """Read a message event: a DM, the twin of a mention, a post in a support channel, or a reply in some thread.

    A reply is a follow-up only in a thread that the bot has joined, which whoever calls this has to look up.
    """
    if _is_from_bot(event, bot_user):
        return Ignored("from a bot")
    if event.get("subtype") not in PERSON_SUBTYPES or event.get("edited"):
        return Ignored("an edit or another kind of message")
    mentioned = MENTION.findall(event.get("text") or "")
    if bot_user in mentioned:
        return _unless_thanks(_question(event, bot_user, "mention"))
    if event.get("channel_type") == "im":
        return _unless_thanks(_question(event, bot_user, "direct"))
    return _read_unaddressed(event, bot_user, (support_channels or {}).get(event["channel"]))


def _unless_thanks(question: SlackQuestion) -> SlackQuestion | Ignored:
    return Ignored("asks nothing") if small_talk(question.text) == "thanks" else question


def _read_unaddressed(event: Mapping[str, Any], bot_user: str, policy: SupportPolicy | None) -> SlackQuestion | Ignored:
    """Read a channel's message that does not mention the bot."""
    is_reply = event.get("thread_ts") not in {None, event["ts"]}
    if reason := reason_to_ignore(event.get("text") or "", is_reply=is_reply, policy=policy):
        return Ignored(reason)
    question = _question(event, bot_user, "follow-up" if is_reply else "support")
    return question if is_wanted(question, policy=policy) else Ignored("asks nothing")


def edited_message(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a message whose words a person has changed, as the message event that it would be now; None for others.

    Slack sends a change too when it unfurls a link or a reply comes, and for the bot's own messages.
    """
    message, before = event.get("message") or {}, event.get("previous_message") or {}
    is_edit = event.get("subtype") == "message_changed" and message.get("text") != before.get("text")
    if not is_edit or not message.get("edited") or not message.get("ts") or message.get("subtype") == "tombstone":
        return None
    kept = {key: value for key, value in message.items() if key != "edited"}
    place = {"channel": event["channel"], "channel_type": event.get("channel_type")}
    return {**kept, **place, "edited_ts": message["edited"].get("ts")}


def deleted_ts(event: Mapping[str, Any]) -> str:
    """Return the ts of the message that an event says was deleted, "" where it says no such thing.

    Of a thread's first message Slack leaves a tombstone, which comes as a change.
    """
    if event.get("subtype") == "message_deleted":
        return str(event.get("deleted_ts") or "")
    changed = event.get("message") or {}
    is_tombstone = event.get("subtype") == "message_changed" and changed.get("subtype") == "tombstone"
    return str(changed.get("ts") or "") if is_tombstone else ""


def read_command(command: Mapping[str, Any], *, bot_user: str) -> SlackQuestion:
    """Read a slash command's payload."""
    return SlackQuestion(
        team=command.get("team_id") or "",
        channel=command["channel_id"],
        ts=f"command {command['trigger_id']}",
        thread_ts="",
        user=command["user_id"],
        text=plain_text(command.get("text") or "", bot_user=bot_user),
        origin="command",
    )


def read_form(view: Mapping[str, Any], about: Mapping[str, str], *, user: str) -> SlackQuestion:
    """Read the form of a message's shortcut; `about` is what was kept with it of the message."""
    values = view["state"]["values"]
    privately = values[FORM_PRIVATELY][FORM_PRIVATELY].get("selected_options")
    return SlackQuestion(
        team=about["team"],
        channel=about["channel"],
        ts=f"shortcut {view['id']}",
        thread_ts=about["thread_ts"],
        user=user,
        text=redact(storable(values[FORM_QUESTION][FORM_QUESTION].get("value") or "")).strip(),
        origin="private" if privately else "shortcut",
    )


def _is_from_bot(event: Mapping[str, Any], bot_user: str) -> bool:
    return bool(event.get("bot_id")) or event.get("user") in {None, bot_user, "USLACKBOT"}


def _question(event: Mapping[str, Any], bot_user: str, origin: Origin) -> SlackQuestion:
    return SlackQuestion(
        team=event.get("team") or "",
        channel=event["channel"],
        ts=event["ts"],
        thread_ts=event.get("thread_ts") or event["ts"],
        user=event["user"],
        text=message_text(event, bot_user=bot_user),
        origin=origin,
        edited_ts=event.get("edited_ts") or "",
    )
