"""Sessions: which proxy leads to Slack."""

from __future__ import annotations

import asyncio

import pytest

from bot.slack.errors import SlackUnavailableError, slack_call
from bot.slack.sessions import open_session, proxy_for
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
        ({"HTTPS_PROXY": "http://p:3128", "ALL_PROXY": "socks5://p:1080"}, SLACK, "http://p:3128"),
        ({"ALL_PROXY": "http://me:pw@p:3128"}, SLACK, "http://me:pw@p:3128"),
        ({"HTTP_PROXY": "socks5://p:1080"}, SLACK, ""),
        ({"ALL_PROXY": "socks5://p:1080", "NO_PROXY": "slack.com"}, SLACK, ""),
        ({"ALL_PROXY": "socks5://p:1080", "NO_PROXY": "localhost,127.0.0.1"}, "http://127.0.0.1:8/api/", ""),
        ({"ALL_PROXY": "p:3128"}, SLACK, "http://p:3128"),
    ],
)
def test_the_environment_tells_the_proxy_for_of_an_address(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str, proxy: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(address) == proxy


@pytest.mark.parametrize("proxy", ["socks5://:", "ftp://p:1"])
def test_a_proxy_that_can_not_be_one_is_told(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)

    async def scenario() -> None:
        open_session(SLACK)

    with pytest.raises(SettingsError, match="proxy"):
        asyncio.run(scenario())


def test_a_proxy_that_is_away_is_a_failure_that_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")

    async def scenario() -> None:
        async with open_session(SLACK) as session:
            with pytest.raises(SlackUnavailableError, match="proxy on the way"), slack_call():
                await session.get(SLACK)

    asyncio.run(scenario())


def test_a_web_socket_goes_through_the_proxy_of_https_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:pw@127.0.0.1:{port}")
        async with open_session(SLACK) as session:
            with pytest.raises(SlackUnavailableError), slack_call():
                await session.ws_connect("wss://wss-primary.slack.com/link/?ticket=1")
        server.close()

    asyncio.run(scenario())
    assert asked[0].startswith(b"CONNECT wss-primary.slack.com:443 ")
    assert b"Proxy-Authorization: Basic" in asked[0]
