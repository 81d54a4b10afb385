"""Sessions: which proxy leads to Slack."""

from __future__ import annotations

import asyncio

import pytest

from bot.slack.errors import SlackUnavailableError, slack_call
from bot.slack.sessions import open_session, socks_proxy
from rag import SettingsError

SLACK = "https://slack.com/api/"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("environment", "address", "proxy"),
    [
        ({}, SLACK, ""),
        ({"HTTPS_PROXY": "socks5://p:1080"}, SLACK, "socks5://p:1080"),
        ({"ALL_PROXY": "socks5h://me:pw@p:1080"}, SLACK, "socks5://me:pw@p:1080"),
        ({"all_proxy": "SOCKS4://p:1080"}, SLACK, "socks4://p:1080"),
        ({"HTTPS_PROXY": "http://p:3128", "ALL_PROXY": "socks5://p:1080"}, SLACK, ""),
        ({"HTTP_PROXY": "socks5://p:1080"}, SLACK, ""),
        ({"ALL_PROXY": "socks5://p:1080", "NO_PROXY": "slack.com"}, SLACK, ""),
        ({"ALL_PROXY": "socks5://p:1080", "NO_PROXY": "localhost,127.0.0.1"}, "http://127.0.0.1:8/api/", ""),
        ({"ALL_PROXY": "p:1080"}, SLACK, ""),
    ],
)
def test_the_environment_tells_the_socks_proxy_of_an_address(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str, proxy: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert socks_proxy(address) == proxy


def test_a_proxy_that_is_no_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://:")

    async def scenario() -> None:
        open_session(SLACK)

    with pytest.raises(SettingsError, match="SOCKS proxy"):
        asyncio.run(scenario())


def test_a_proxy_that_is_away_is_a_failure_that_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")

    async def scenario() -> None:
        async with open_session(SLACK) as session:
            with pytest.raises(SlackUnavailableError, match="proxy on the way"), slack_call():
                await session.get(SLACK)

    asyncio.run(scenario())
