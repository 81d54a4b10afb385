"""Slack mrkdwn, as a person reads it."""

from __future__ import annotations

import pytest

from bot.text.mrkdwn import plain_text


@pytest.mark.parametrize(
    ("slack", "plain"),
    [
        ("<@U0BOT> is `a &lt; b`?", "is `a < b`?"),
        ("ask <@U2> in <#C1|general>", "ask @U2 in #general"),
        ("<https://x.org|the docs> or <https://y.org>", "the docs (https://x.org) or https://y.org"),
        ("<!here> &amp; <!subteam^S1|@team> or <!subteam^S1>", "@here & @team or @subteam"),
        ("since <!date^1700000000^{date}|yesterday>", "since yesterday"),
        ("List&lt;float&gt;", "List<float>"),
    ],
)
def test_slack_text_is_read_as_a_person_reads_it(slack: str, plain: str) -> None:
    assert plain_text(slack, bot_user="U0BOT") == plain
