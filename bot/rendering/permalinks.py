"""Permalinks: a message's address, made without asking Slack for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.domain import SlackQuestion


def question_address(workspace: str, question: SlackQuestion) -> str:
    """Return where a question can be read, or its thread where it has no message of its own.

    Without a workspace's address that is not known: "".
    """
    if not workspace:
        return ""
    ts = question.ts if question.has_message else question.thread_ts
    return message_address(workspace, question.channel, ts, thread_ts=question.thread_ts)


def message_address(workspace: str, channel: str, ts: str, *, thread_ts: str = "") -> str:
    """Return where a message can be read; `workspace` is auth.test's url, with its slash at the end."""
    address = f"{workspace}archives/{channel}/p{ts.replace('.', '')}"
    return f"{address}?thread_ts={thread_ts}&cid={channel}" if thread_ts not in {"", ts} else address
