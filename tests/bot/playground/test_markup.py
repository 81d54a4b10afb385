"""Markup: what a message holds is shown, and nothing of it can run."""

from __future__ import annotations

import pytest

from bot.playground.page.markup import link, markdown, mrkdwn, style_sheet

NAMES = {"U1": "Ada", "C1": "general"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _it_ `x < y`", "<strong>bold</strong> <em>it</em> <code>x &lt; y</code>"),
        ("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
        ("<@U1> in <#C1|general>", "<span class=name>@Ada</span> in <span class=name>#general</span>"),
        ("two\nlines", "two<br>lines"),
        ("<!subteam^S1|@docs>", "<span class=name>@docs</span>"),
        ("<!date^1700000000^{date_long}|then>", "<time>14 November 2023</time>"),
        ("snake_case_name", "snake_case_name"),
        (
            "<https://milvus.io?a=1&amp;b=2|docs>",
            '<a href="https://milvus.io?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">docs</a>',
        ),
        ("<javascript:alert(1)|press me>", "press me"),
    ],
)
def test_mrkdwn_is_shown_as_slack_shows_it(text: str, html: str) -> None:
    assert mrkdwn(text, NAMES) == html


def test_html_in_mrkdwn_is_words() -> None:
    assert "<script" not in mrkdwn("<script>alert(1)</script> <img src=x onerror=alert(1)>", NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](https://elsewhere.example/x.png)",
        '[x](https://a.example "onmouseover=alert(1)")',
        "```html\n<script>alert(1)</script>\n```",
    ],
)
def test_nothing_in_markdown_runs_or_is_fetched(text: str) -> None:
    shown = str(markdown(text))
    assert not any(bad in shown for bad in ("<script", "<img", 'href="javascript', "onerror=alert(1)>"))


def test_code_is_highlighted_and_links_open_beside_the_page() -> None:
    shown = str(markdown("```python\nprint(1)\n```\n[docs](https://milvus.io)"))
    assert '<span class="nb">print</span>' in shown
    assert 'target="_blank"' in shown
    assert "prefers-color-scheme: dark" in style_sheet()


def test_an_address_that_is_none_of_the_webs_is_words() -> None:
    assert link("data:text/html,x", "press") == "press"
