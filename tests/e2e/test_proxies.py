"""Proxies: what is outside is reached through the one that the environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.bot_process import log_of, running_bot, settings_for
from tests.standins.model import DEFAULT_REPLY
from tests.standins.socks import running_socks_proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_through_a_socks_proxy_questions_are_answered(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path, scheme: str
) -> None:
    with running_socks_proxy() as proxy:
        proxied = f"{scheme}://127.0.0.1:{proxy.port}"
        settings = settings_for(slack, model, tmp_path)
        settings |= {"SLACK_API_URL": slack.api_url.replace("127.0.0.1", "slack.test")}
        settings |= {"LLM_BASE_URL": model.base_url.replace("127.0.0.1", "model.test")}
        settings |= {"http_proxy": proxied, "HTTP_PROXY": proxied, "no_proxy": "", "NO_PROXY": ""}
        with running_bot(slack, tmp_path, settings):
            channel = slack.new_channel()
            (reply,) = slack.wait_for_replies(channel, slack.mention(channel, "How is data stored in milvus?"))
    assert reply["blocks"][0]["text"] == DEFAULT_REPLY
    assert {"slack.test", "model.test"} <= set(proxy.asked)
    assert "Traceback" not in log_of(tmp_path)
