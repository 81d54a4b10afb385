"""Markdown: nasty text is made harmless, whole and as it grows."""

from __future__ import annotations

import random
import re

import pytest

from bot.playground.limits import refused_blocks
from bot.rendering.answer import AnswerContext, answer_messages
from bot.text.markdown import EMPTY_CELL, as_mrkdwn, sanitize, stable_prefix
from bot.text.wording import wording
from rag import Answer

SPACE = "\u200b"
NASTY = {
    "a channel": ("<!channel> all", f"<{SPACE}!channel> all"),
    "a person": ("ask <@U0BOSS|boss>", f"ask <{SPACE}@U0BOSS|boss>"),
    "a place": ("in <#C0SECRET>", f"in <{SPACE}#C0SECRET>"),
    "a group": ("<!subteam^S1> now", f"<{SPACE}!subteam^S1> now"),
    "words that ping": (
        "@here @channel @everyone @hereafter",
        f"@{SPACE}here @{SPACE}channel @{SPACE}everyone @hereafter",
    ),
    "a link with a false label": ("<http://evil.example|milvus.io>", f"<{SPACE}http://evil.example|milvus.io>"),
    "an escaped ping": ("&lt;!channel&gt; &#60;@U1>", f"&lt;{SPACE}!channel&gt; &#60;{SPACE}@U1>"),
    "an entity": ("a &lt; b &amp;&amp; c", "a &lt; b &amp;&amp; c"),
    "another site's name": ("[milvus.io](https://evil.example/x)", "milvus.io (https://evil.example/x)"),
    "another site's address": (
        "[https://milvus.io/docs](https://evil.example)",
        "https://milvus.io/docs (https://evil.example)",
    ),
    "another scheme": ("[milvus.io](HTTP://evil.example)", "milvus.io (HTTP://evil.example)"),
    "no scheme": ("[milvus.io](//evil.example)", "milvus.io (//evil.example)"),
    "a mail": ("[help@milvus.io](mailto:x@evil.example)", "help@milvus.io (mailto:x@evil.example)"),
    "a mail's label": ("<mailto:a@evil.example|milvus.io>", f"<{SPACE}mailto:a@evil.example|milvus.io>"),
    "in angles": ("[milvus.io](<http://evil.example>)", "milvus.io (http://evil.example)"),
    "with a title": ('[milvus.io](http://evil.example "t")', "milvus.io (http://evil.example)"),
    "dressed up": ("[**milvus.io** docs](http://evil.example)", "**milvus.io** docs (http://evil.example)"),
    "hidden": (f"[mil{SPACE}vus.io](http://evil.example)", f"mil{SPACE}vus.io (http://evil.example)"),
    "with brackets": ("[milvus.io](http://evil.example/a(b)c)", "milvus.io (http://evil.example/a(b)c)"),
    "its own name": ("[milvus.io](https://milvus.io/docs)", "[milvus.io](https://milvus.io/docs)"),
    "a name": ("[the docs](https://milvus.io/docs)", "[the docs](https://milvus.io/docs)"),
    "a mark that becomes a link": ("[1]: https://evil.example", f"[1]{SPACE}: https://evil.example"),
    "turned around": ("moc.\u202eelpmaxe\u202c \u2066x\u2069", "moc.elpmaxe x"),
    "no width": ("<\u200b!channel>", "<\u200b!channel>"),
    "an empty cell": (
        "| a | b |\n|---|---|\n| 1 |  |\n| | 2 |",
        f"| a | b |\n|---|---|\n| 1 | {EMPTY_CELL} |\n| {EMPTY_CELL} | 2 |",
    ),
    "a quoted table": ("> | a | b |\n> |---|---|\n> | 1 | |", f"> | a | b |\n> |---|---|\n> | 1 | {EMPTY_CELL} |"),
    "bars in code": ("```\na || b\n| |\n```", "```\na || b\n| |\n```"),
}


@pytest.mark.parametrize(("text", "shown"), NASTY.values(), ids=NASTY)
def test_nothing_pings_lies_or_breaks_the_message(text: str, shown: str) -> None:
    assert sanitize(text) == shown
    (message,) = answer_messages(
        Answer(text=text, citations=(), kind="grounded"), wording(), AnswerContext(question="1.2")
    )
    assert refused_blocks(message.blocks) is None
    for ping in ("<!", "<@", "<#", "<http"):
        assert ping not in message.text


@pytest.mark.parametrize("seed", range(20))
def test_what_is_certain_of_a_growing_text_stays_its_beginning(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    parts = [text for name, (text, _) in NASTY.items() if name != "with brackets"] + [
        "plain words. ",
        "\n\n",
        "中文没有空格",
        "`code` ",
    ]
    whole = " ".join(chance.choices(parts, k=12)) + " end"
    shown = ""
    for length in range(0, len(whole), chance.randint(1, 7)):
        certain = stable_prefix(settled(whole[:length]))
        assert certain.startswith(shown)
        shown = certain
    assert sanitize(whole).startswith(shown)


def settled(text: str) -> str:
    """Return the text before a link that is still open, as the answerer passes it on."""
    line = text[text.rfind("\n") + 1 :]
    opening = line.rfind("[")
    if opening >= 0 and not re.search(r"\](?:[^(]|\([^)]*\))", line[opening:]):
        return text[: len(text) - len(line) + opening]
    return text


def test_in_slacks_own_markup_nothing_pings_and_the_marks_are_slacks() -> None:
    text = "## A **b** &\n- <!channel>\n\n> see [docs](https://milvus.io/docs)"
    shown = f"*A *b* &amp;*\n• &lt;{SPACE}!channel&gt;\n\n> see <https://milvus.io/docs|docs>"
    assert as_mrkdwn(sanitize(text)) == shown


def test_languages_without_spaces_grow_too() -> None:
    assert stable_prefix("数据存储在对象存储中") == "数据存储在对象存储中"


def test_code_stays_letter_for_letter_in_slacks_own_markup() -> None:
    text = '**Set** it, see `**kwargs`:\n\n```yaml\n# replicas\n- name: "**x**"\n```\n\n- done'
    assert as_mrkdwn(text) == '*Set* it, see `**kwargs`:\n\n```\n# replicas\n- name: "**x**"\n```\n\n• done'
