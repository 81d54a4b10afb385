"""Support channels and threads: which messages are for the bot though they do not mention it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.domain import MAX_QUESTION_CHARACTERS
from bot.text.intent import is_question, is_request
from bot.text.mrkdwn import MENTION

if TYPE_CHECKING:
    from bot.domain import IgnoredReason, SupportPolicy

_ADDRESSED = re.compile(r"<(?:@[A-Z0-9]|!subteam\^|!(?:here|channel|everyone)\b)")


def reason_to_ignore(mrkdwn: str, *, is_reply: bool, policy: SupportPolicy | None) -> IgnoredReason | None:
    """Return why a message is not for the bot, whatever it says; None where its words decide.

    `policy` is the channel's, None where it is no support channel. In a thread whoever is named is asked; at the top of
    a channel only who is named first.
    """
    if policy == "mentions":
        return "only mentions are answered here"
    if policy is None and not is_reply:
        return "not addressed"
    named = _ADDRESSED.search(mrkdwn) if is_reply else MENTION.match(mrkdwn.lstrip())
    return "addressed to someone else" if named else None


def is_wanted(text: str, *, is_reply: bool, policy: SupportPolicy | None) -> bool:
    """Tell whether words ask for an answer: strictly in threads, generously at the top of a support channel."""
    if is_reply:
        return is_question(text) and len(text) <= MAX_QUESTION_CHARACTERS
    wanted = bool(text) if policy == "all" else is_request(text)
    return wanted and len(text) <= MAX_QUESTION_CHARACTERS
