"""The nouns of a question in Slack: who asks, where and what, and what is posted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentQuestion:
    """A question that a person asked: its message, and the thread's first."""

    channel: str
    ts: str
    thread_ts: str
    text: str


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message: what tells one question from another, so that a mention's two events and a redelivery share it."""

    team: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """A thread, by the ts of its first message."""

    team: str
    channel: str
    thread_ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BotIdentity:
    """Who the bot is in its workspace: its ids, its name, and the address below which messages are linked.

    `enterprise` is "" for none, `bot_id` and `app_id` where they are not known; `workspace` ends in a slash. `scopes`
    are what the bot may do, None where Slack does not say.
    """

    team: str
    enterprise: str
    user: str
    bot_id: str
    app_id: str = ""
    name: str
    workspace: str
    scopes: frozenset[str] | None = None


IgnoredReason = Literal[
    "from a bot",
    "from an app that is not allowed to ask",
    "from Slack",
    "an edit or another kind of message",
    "not addressed",
    "only mentions are answered here",
    "addressed to someone else",
    "asks nothing",
    "wants a person",
    "not a thread of ours, or muted",
    "a person has taken over",
    "not about Milvus",
]
Origin = Literal["mention", "direct", "command", "support", "follow-up", "shortcut", "private", "home"]
"""How a question came.

A follow-up is a reply in a thread that the bot has joined, and does not mention it; a shortcut's question is about
another's message, and answered in its thread or in private; home is a press on an example.
"""
UNADDRESSED_ORIGINS = ("follow-up", "support")
SupportPolicy = Literal["questions", "questions:say", "questions:silent", "all", "mentions"]
"""What is answered in a support channel without a mention: what asks something, everything, or nothing.

That the docs do not hold something is told to the asker alone, with `say` to everybody, with `silent` to nobody.
"""
MAX_QUESTION_CHARACTERS = 3_000
SPLIT_FROM, SPLIT_WITHIN_S = 2_500, 1.0
"""Slack makes two messages of a post of more than 4,000 characters: so much at least is kept of the first, and so soon
comes the rest."""


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file of a message that holds more than the question's text says: all of it, or the rest where it is `begun`.

    `name` is "" where Slack does not tell it; `url` is where its text can be had, "" where it is no text. `is_read` is
    one of which more can't be had.
    """

    id: str
    name: str
    url: str = ""
    begun: bool = False
    is_read: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackQuestion:
    """A question in Slack: who asks, where, what. `ts` is its message's, `thread_ts` the thread that is answered in.

    Some questions have no message: their `ts` is made of what triggered them, and has a space in it. Of those, a
    command's and an example's `thread_ts` is "" until the question is posted. `user` is "" where an app asks for
    nobody; `user_team` is the asker's own workspace. `edited_ts` is when the message was given these words, "" for
    never since it was written. `files` could not be read, or not to their end. `is_late` tells that it was asked while
    nobody was there to take it, `is_undecided` that its form leaves open whether it wants an answer.
    """

    team: str
    channel: str
    ts: str
    thread_ts: str
    user: str
    text: str
    origin: Origin = "mention"
    edited_ts: str = ""
    user_team: str = ""
    files: tuple[UnreadFile, ...] = ()
    is_late: bool = False
    is_undecided: bool = False

    @property
    def ref(self) -> MessageRef:
        """What tells one question from another."""
        return MessageRef(self.team, self.channel, self.ts)

    def goes_on_in(self, later: SlackQuestion) -> bool:
        """Tell whether a post by the same person is the rest of this one, which Slack has cut in two."""
        is_same = (self.channel, self.user) == (later.channel, later.user)
        return is_same and len(self.text) >= SPLIT_FROM and 0 < float(later.ts) - float(self.ts) <= SPLIT_WITHIN_S

    @property
    def thread(self) -> ThreadRef:
        """What tells its thread from another."""
        return ThreadRef(self.team, self.channel, self.thread_ts)

    @property
    def has_earlier_messages(self) -> bool:
        """Whether there are earlier messages in its thread."""
        return self.ts != self.thread_ts and bool(self.thread_ts) and self.origin not in {"command", "home"}

    @property
    def is_mention_in_thread(self) -> bool:
        """Whether it turns to the bot by a mention below other messages."""
        return self.origin == "mention" and self.has_earlier_messages

    @property
    def is_unaddressed(self) -> bool:
        """Whether nobody has turned to the bot: it may stay quiet then."""
        return self.origin in UNADDRESSED_ORIGINS

    @property
    def is_direct(self) -> bool:
        """Whether it was asked in direct messages."""
        return self.channel.startswith("D")

    @property
    def has_message(self) -> bool:
        """Whether the question is a message in Slack."""
        return " " not in self.ts

    @property
    def since(self) -> str:
        """The ts after which everything that belongs to the question stands."""
        return self.ts if self.has_message else self.thread_ts


@dataclass(frozen=True, slots=True)
class Ignored:
    """Why there is nothing to answer."""

    reason: IgnoredReason


Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """What goes into one chat.postMessage."""

    text: str
    blocks: list[Block]
