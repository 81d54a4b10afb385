"""Support channels and threads: which messages are for the bot though they do not mention it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from bot.text.intent import is_question, small_talk
from bot.text.mrkdwn import MENTION

if TYPE_CHECKING:
    from bot.domain import IgnoredReason, SupportPolicy

Verdict = Literal["wanted", "unwanted", "undecided"]
_EMOJI = re.compile(r":[a-z0-9_+-]+:")
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


def judge_form(text: str, *, is_reply: bool, policy: SupportPolicy | None) -> Verdict:
    """Tell by a message's form whether it wants an answer.

    Strict in threads, where people talk to each other. At the top of a support channel little is clear by form: the
    rest is settled by a worker (rag.hearing).
    """
    if is_reply:
        return "wanted" if is_question(text) else "unwanted"
    if policy == "all":
        return "wanted" if text else "unwanted"
    return "undecided" if re.search(r"\w", _EMOJI.sub("", text)) and not small_talk(text) else "unwanted"
