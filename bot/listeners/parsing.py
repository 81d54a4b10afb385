"""Parsing: what Slack sends becomes a question, or the reason to ignore it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.domain import Ignored, Origin, SlackQuestion, SupportPolicy
from bot.listeners.support_channels import judge_form, reason_to_ignore
from bot.reading.authors import PERSON_SUBTYPES, app_ids, author_of
from bot.reading.message import ReadMessage, read_message
from bot.rendering.action_ids import FORM_PRIVATELY, FORM_QUESTION
from bot.text.intent import small_talk
from bot.text.mrkdwn import MENTION, plain_text
from bot.text.redaction import redact, storable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from bot.domain import BotIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageParser:
    """Reads events of messages. `answer_apps` are the ids of apps, bots and workflows whose posts are questions."""

    bot: BotIdentity
    support_channels: Mapping[str, SupportPolicy] = field(default_factory=dict)
    answer_apps: AbstractSet[str] = frozenset()

    def parse(self, event: Mapping[str, Any], *, is_by_person: bool = False) -> SlackQuestion | Ignored:
        """Read a message or app_mention event: a mention, a DM, a post in a support channel, a reply in some thread.

        A reply is a follow-up only in a thread that the bot has joined, which whoever calls this has to look up; and
        whether a post that an app made for a user is a person's (`is_by_person`).
        """
        if event.get("subtype") not in (*PERSON_SUBTYPES, "bot_message") or event.get("edited"):
            return Ignored("an edit or another kind of message")
        if event.get("is_ephemeral"):
            return Ignored("from Slack")
        author = author_of(event, self.bot)
        if author == "the bot":
            return Ignored("from a bot")
        if author == "Slack":
            return Ignored("from Slack")
        if author == "a person" or (author == "perhaps a person" and is_by_person):
            return self._of_person(event)
        return self._of_app(event)

    def _of_person(self, event: Mapping[str, Any]) -> SlackQuestion | Ignored:
        read = read_message(event, bot_user=self.bot.user)
        if self._is_mention(event, read):
            return _unless_thanks(_question(event, read, "mention"))
        if event.get("channel_type") == "im":
            return _unless_thanks(_question(event, read, "direct"))
        policy, is_reply = self.support_channels.get(event["channel"]), _is_reply(event)
        if reason := reason_to_ignore(read.mrkdwn, is_reply=is_reply, policy=policy):
            return Ignored(reason)
        question = _question(event, read, "follow-up" if is_reply else "support")
        verdict = judge_form(read.words or read.text, is_reply=is_reply, policy=policy)
        if verdict == "unwanted":
            return Ignored("asks nothing")
        return replace(question, is_undecided=verdict == "undecided")

    def _of_app(self, event: Mapping[str, Any]) -> SlackQuestion | Ignored:
        """Read the post of an app: a question where the app is allowed to ask, of the person that it names."""
        if not app_ids(event) & self.answer_apps:
            return Ignored("from an app that is not allowed to ask")
        read = read_message(event, bot_user=self.bot.user)
        policy = self.support_channels.get(event["channel"])
        named = (user for user in MENTION.findall(read.mrkdwn) if user != self.bot.user)
        if self._is_mention(event, read):
            return _question(event, read, "mention", user=next(named, ""))
        if policy is None or _is_reply(event):
            return Ignored("not addressed")
        if policy == "mentions":
            return Ignored("only mentions are answered here")
        return _question(event, read, "support", user=next(named, "")) if read.text else Ignored("asks nothing")

    def _is_mention(self, event: Mapping[str, Any], read: ReadMessage) -> bool:
        return event.get("type") == "app_mention" or self.bot.user in MENTION.findall(read.mrkdwn)


def _is_reply(event: Mapping[str, Any]) -> bool:
    return event.get("thread_ts") not in (None, event["ts"])


def _unless_thanks(question: SlackQuestion) -> SlackQuestion | Ignored:
    return Ignored("asks nothing") if small_talk(question.text) == "thanks" else question


def edited_message(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a message whose words a person has changed, as the message event that it would be now; None for others.

    Slack sends a change too when it unfurls a link or a reply comes, and for the bot's own messages.
    """
    message, before = _dict(event.get("message")), _dict(event.get("previous_message"))
    edited = _dict(message.get("edited"))
    if event.get("subtype") != "message_changed" or not edited or not message.get("ts"):
        return None
    if message.get("subtype") == "tombstone" or _says_the_same(message, before):
        return None
    kept = {key: value for key, value in message.items() if key != "edited"}
    place = {"channel": event["channel"], "channel_type": event.get("channel_type")}
    return {**kept, **place, "edited_ts": edited.get("ts")}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _says_the_same(message: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return read_message(message, bot_user="").text == read_message(before, bot_user="").text


def deleted_ts(event: Mapping[str, Any]) -> str:
    """Return the ts of the message that an event says was deleted, "" where it says no such thing.

    Of a thread's first message Slack leaves a tombstone, which comes as a change.
    """
    if event.get("subtype") == "message_deleted":
        return str(event.get("deleted_ts") or "")
    changed = _dict(event.get("message"))
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
        user_team=command.get("team_id") or "",
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


def _question(event: Mapping[str, Any], read: ReadMessage, origin: Origin, *, user: str | None = None) -> SlackQuestion:
    return SlackQuestion(
        team=event.get("team") or "",
        channel=event["channel"],
        ts=event["ts"],
        thread_ts=event.get("thread_ts") or event["ts"],
        user=event["user"] if user is None else user,
        text=read.text,
        origin=origin,
        edited_ts=event.get("edited_ts") or "",
        user_team=event.get("user_team") or event.get("source_team") or event.get("team") or "",
        files=read.unread,
    )
