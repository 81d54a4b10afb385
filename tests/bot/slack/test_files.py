"""Files: read where the app may, and never with its token at an address that is not Slack's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.domain import UnreadFile
from bot.slack.client import open_client, open_files
from bot.slack.files import is_slacks
from tests.standins.slack import BOT_TOKEN, Failure, SlackStandIn

if TYPE_CHECKING:
    from bot.slack.files import FileText


def read(slack: SlackStandIn, file: UnreadFile, *, scopes: frozenset[str] | None = None) -> FileText | None:
    async def scenario() -> FileText | None:
        async with open_client(BOT_TOKEN, slack.api_url) as client, open_files(client, scopes) as files:
            return await files.read(file)

    return asyncio.run(scenario())


@pytest.fixture
def log(slack: SlackStandIn) -> UnreadFile:
    slack.scopes.add("files:read")
    file = slack.attach("a.log", "it is full")
    return UnreadFile(file["id"], "a.log", file["url_private_download"])


def test_a_text_file_is_read(slack: SlackStandIn, log: UnreadFile) -> None:
    found = read(slack, log)
    assert found
    assert (found.name, found.text, found.is_whole) == ("a.log", "it is full", True)


def test_a_large_file_is_read_to_a_bound(slack: SlackStandIn) -> None:
    slack.scopes.add("files:read")
    file = slack.attach("a.log", "x" * 1_200_000)
    found = read(slack, UnreadFile(file["id"], "a.log", file["url_private_download"]))
    assert found
    assert (len(found.text), found.is_whole) == (1_000_000, False)


def test_an_app_that_may_not_read_files_does_not_try(slack: SlackStandIn, log: UnreadFile) -> None:
    assert read(slack, log, scopes=frozenset({"chat:write"})) is None
    assert read(slack, log, scopes=frozenset({"files:read"})) is not None


def test_a_page_to_sign_in_is_no_file(slack: SlackStandIn, log: UnreadFile) -> None:
    slack.scopes.discard("files:read")
    assert read(slack, log) is None


@pytest.mark.parametrize("failure", [Failure("file_not_found"), Failure(body=b"<html>", content_type="text/html")])
def test_a_file_that_slack_does_not_tell_of_is_none(slack: SlackStandIn, failure: Failure) -> None:
    slack.fail("files.info", failure)
    assert read(slack, UnreadFile("F1", "")) is None


@pytest.mark.parametrize(
    ("url", "may_have_it"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/a.log", True),
        ("https://slack-files.com/T1-F1", True),
        ("https://files.slack-gov.com/a.log", True),
        ("http://proxy.local:8080/files/a.log", True),
        ("http://proxy.local/files/a.log", False),
        ("https://proxy.local:8080/files/a.log", False),
        ("http://files.slack.com/a.log", False),
        ("https://files.example.org/a.log", False),
        ("https://files.slack.com.example.org/a.log", False),
        ("https://evilslack.com/a.log", False),
        ("https://files.slack.com@example.org/a.log", False),
        ("file:///etc/passwd", False),
        ("a.log", False),
    ],
)
def test_the_token_goes_to_slack_alone(url: str, *, may_have_it: bool) -> None:
    assert is_slacks(url, "http://proxy.local:8080/api/") is may_have_it


def test_a_file_elsewhere_is_not_asked_for(slack: SlackStandIn, log: UnreadFile) -> None:
    elsewhere = log.url.replace("127.0.0.1", "localhost")  # the same server by another name
    assert read(slack, UnreadFile(log.id, log.name, elsewhere)) is None
