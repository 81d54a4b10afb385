"""The reader of a message: all that a person sees in it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain import MAX_QUESTION_CHARACTERS, UnreadFile
from bot.reading.message import read_message

TABLE = {
    "type": "table",
    "rows": [
        [{"type": "raw_text", "text": "node"}, {"type": "rich_text", "elements": []}],
        [{"type": "raw_text", "text": "a|b"}, {"type": "raw_text", "text": "61 <GB>"}],
    ],
}
FORWARDED = {"is_share": True, "is_msg_unfurl": True, "author_name": "nora", "text": "why is it &lt;slow&gt;?"}


def section(*elements: dict[str, Any], type_: str = "rich_text_section", **more: object) -> dict[str, Any]:
    return {"type": type_, "elements": list(elements), **more}


def rich(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(parts)}


def words(text: str, **more: object) -> dict[str, Any]:
    return {"type": "text", "text": text, **more}


def text_of(**message: object) -> str:
    return read_message(message, bot_user="U0BOT").text


@pytest.mark.parametrize(
    ("block", "read"),
    [
        ({"type": "header", "text": {"type": "plain_text", "text": "Down &amp; out"}}, "Down & out"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "*P1*"}, "fields": [{"text": "q1"}]}, "*P1*\nq1"),
        ({"type": "context", "elements": [{"type": "mrkdwn", "text": "since 9:00"}]}, "since 9:00"),
        ({"type": "markdown", "text": "a < b"}, "a < b"),
        ({"type": "image", "image_url": "https://x.org/1", "alt_text": "A graph"}, "A graph"),
        ({"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Ack"}}]}, ""),
        ({"type": "card", "body": {"type": "mrkdwn", "text": "of a later day"}}, "of a later day"),
        (TABLE, "| node |  |\n| a|b | 61 <GB> |"),
        (rich(section(words("is "), words("a < b", style={"code": True}), words("?"))), "is a < b?"),
        (rich(section({"type": "link", "url": "https://x.org/?a=1&b=2", "text": "docs"})), "docs (https://x.org/?a=1&b=2)"),
        (rich(section({"type": "user", "user_id": "U0BOT"}, {"type": "user", "user_id": "U2"})), "@U2"),
        (rich(section({"type": "broadcast", "range": "here"}, {"type": "emoji", "name": "eyes"})), "@here:eyes:"),
        (rich(section({"type": "date", "timestamp": 1, "fallback": "today"})), "today"),
        (rich(section(words("x = 1\ny = 2"), type_="rich_text_preformatted")), "```\nx = 1\ny = 2\n```"),
        (rich(section(words("one\ntwo"), type_="rich_text_quote")), "> one\n> two"),
        (
            rich(section(section(words("a")), section(words("b")), type_="rich_text_list", style="ordered", indent=1)),
            "1. a\n    2. b",
        ),
        (rich(section(section(words("a")), type_="rich_text_list", style="bullet")), "• a"),
    ],
)  # fmt: skip
def test_blocks_are_read_where_there_is_no_text(block: dict[str, Any], read: str) -> None:
    assert text_of(text="", blocks=[block]) == read


def test_a_persons_text_is_their_words_and_tables_stand_beside_it() -> None:
    blocks = [rich(section(words("is that normal?"))), TABLE]
    assert text_of(text="is that normal?", blocks=blocks) == "is that normal?\n\n| node |  |\n| a|b | 61 <GB> |"
    attached = [{"id": 1, "fallback": "[no preview available]", "blocks": [TABLE]}]
    assert "61 <GB>" in text_of(text="is that normal?", attachments=attached)
    assert "no preview" not in text_of(text="is that normal?", attachments=attached)


def test_of_an_apps_post_its_blocks_are_read_not_what_a_notification_shows() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "etcd is full"}}]
    assert text_of(text="Alert", bot_id="B1", blocks=blocks) == "etcd is full"
    assert text_of(text="This content can't be displayed.", blocks=blocks) == "etcd is full"
    assert text_of(text="This content can't be displayed.") == ""
    assert text_of(text="Alert", bot_id="B1", blocks=[{"type": "divider"}]) == "Alert"


@pytest.mark.parametrize(
    ("attachment", "read"),
    [
        (FORWARDED, "nora wrote:\nwhy is it <slow>?"),
        ({**FORWARDED, "original_url": "https://x.org", "is_share": True}, "nora wrote:\nwhy is it <slow>?"),
        ({**FORWARDED, "original_url": "https://x.slack.com/archives/C1/p1", "is_share": False}, ""),
        (
            {"is_share": True, "message_blocks": [{"message": {"blocks": [rich(section(words("slow?")))]}}]},
            "slow?",
        ),
        ({"from_url": "https://x.org", "text": "another page", "title": "Page"}, ""),
        ({"app_unfurl_url": "https://x.org", "blocks": [TABLE]}, ""),
        (
            {"pretext": "Firing", "title": "Flush", "text": "C=184", "fields": [{"title": "cluster", "value": "eu"}]},
            "Firing\nFlush\nC=184\ncluster: eu",
        ),
        ({"fallback": "Flush is slow"}, "Flush is slow"),
        ({"fallback": "[no preview available]"}, ""),
    ],
)
def test_what_is_forwarded_or_attached_is_read_and_a_links_preview_is_not(
    attachment: dict[str, Any], read: str
) -> None:
    assert text_of(text="", attachments=[attachment]) == read
    assert text_of(text="look", attachments=[attachment]) == f"look\n\n{read}".strip()


def test_a_text_file_is_read_as_far_as_slack_shows_it() -> None:
    snippet = {"id": "F1", "name": "a.log", "mode": "snippet", "preview": "E1 <nil>", "preview_highlight": "<div>"}
    read = read_message({"text": "why?", "files": [snippet]}, bot_user="")
    assert (read.words, read.text, read.unread) == ("why?", "why?\n\na.log:\nE1 <nil>", ())
    cut = read_message({"files": [{**snippet, "lines_more": 7, "url_private": "https://x"}]}, bot_user="")
    assert cut.unread == (UnreadFile("F1", "a.log", "https://x", begun=True),)


@pytest.mark.parametrize(
    ("file", "text", "unread"),
    [
        ({"name": "a.png", "title": "a.png", "mimetype": "image/png"}, "", UnreadFile("F1", "a.png")),
        (
            {"name": "a.png", "alt_txt": "red bars", "mimetype": "image/png"},
            "a.png:\nred bars",
            UnreadFile("F1", "a.png"),
        ),
        ({"name": "a.bin", "title": "crash dump of 2.6"}, "crash dump of 2.6", UnreadFile("F1", "a.bin")),
        ({"name": "a.yaml", "filetype": "yaml", "url_private_download": "u"}, "", UnreadFile("F1", "a.yaml", "u")),
        ({"mode": "file_access", "file_access": "check_file_info"}, "", UnreadFile("F1", "")),
        ({"name": "a.txt", "mode": "tombstone"}, "", None),
        ({"name": "canvas", "filetype": "quip", "preview": "<h1>"}, "", UnreadFile("F1", "canvas")),
        ({"name": "mail", "title": "mail", "mode": "email", "plain_text": "it is down"}, "mail:\nit is down", None),
        ({"name": "voice", "transcription": {"preview": {"content": "it is down"}}}, "voice:\nit is down", None),
    ],
)
def test_what_can_not_be_read_of_a_file_is_told(file: dict[str, Any], text: str, unread: UnreadFile | None) -> None:
    read = read_message({"text": "", "files": [{"id": "F1", **file}]}, bot_user="")
    assert (read.text, read.unread) == (text, (unread,) if unread else ())


def test_files_of_a_forwarded_message_count_too() -> None:
    picture = {"id": "F1", "name": "a.png", "mimetype": "image/png"}
    read = read_message({"text": "see", "attachments": [{**FORWARDED, "files": [picture]}]}, bot_user="")
    assert read.unread == (UnreadFile("F1", "a.png"),)


def test_keys_are_redacted_wherever_they_stand() -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwx"
    snippet = {"id": "F1", "name": "a.env", "mode": "snippet", "preview": f"KEY {key}"}
    message = {"text": key, "files": [snippet], "attachments": [{**FORWARDED, "text": key}], "blocks": [TABLE]}
    assert key not in read_message(message, bot_user="").text


def test_what_stands_beside_the_words_is_cut_so_that_both_may_be_asked() -> None:
    log = "\n".join(f"line {number} all is well" for number in range(500))
    snippet = {"id": "F1", "name": "a.log", "mode": "snippet", "preview": f"{log}\nERROR: etcd is full\n{log}"}
    text = text_of(text="why?", files=[snippet], attachments=[{**FORWARDED, "text": log}])
    assert len(text) <= MAX_QUESTION_CHARACTERS
    assert text.startswith("why?\n\nnora wrote:\nline 0")
    assert "ERROR: etcd is full" in text


@pytest.mark.parametrize("odd", [None, "x", 7, [None], [{"type": None}], [{"elements": 3}], [{"type": "rich_text"}]])
def test_what_slack_never_sends_does_no_harm(odd: object) -> None:
    assert text_of(text="why?", blocks=odd, attachments=odd, files=odd).startswith("why?")
