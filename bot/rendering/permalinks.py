"""Permalinks: a message's address, made without asking Slack for it."""

from __future__ import annotations


def message_address(workspace: str, channel: str, ts: str, *, thread_ts: str = "") -> str:
    """Return where a message can be read; `workspace` is auth.test's url, with its slash at the end."""
    address = f"{workspace}archives/{channel}/p{ts.replace('.', '')}"
    return f"{address}?thread_ts={thread_ts}&cid={channel}" if thread_ts not in {"", ts} else address
