"""HTML inside Markdown."""

from __future__ import annotations

import pytest

from rag.ingest.formats.markdown import read_page


def read(text: str) -> str:
    return "\n".join(section.text for section in read_page("page.md", {"page.md": text}).sections)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "2<sup>32</sup> rows, the 10<sup>th</sup>, x<sup>2</sup>, 2<sup>nbits</sup>",
            "2^32 rows, the 10th, x^2, 2^nbits",
        ),
        (
            "Give <host>, <HOST>, <your-host> and a List<String>.",
            "Give <host>, <HOST>, <your-host> and a List<String>.",
        ),
        ('<Tabs>\n\nOne <Badge text="x > y" /> two\n\n</Tabs>', "One  two"),
        ("<my-box kind='x'>text</my-box>", "text"),
        ("<script setup>\nconst a = '<b>'\n</script>\n\ntext\n\n<style>\n.x { color: red }\n</style>", "text"),
        ("<script>never ended, and read", "never ended, and read"),
        ("<img\n  src='x'\n  alt=\"a > b\"\n/>text", "text"),
        ("A `<!-- shown -->` b <!-- is\n\nnot --> c", "A `<!-- shown -->` b  c"),
        ("foo<div>bar</div>baz <span>q</span>ux", "foo\nbar\nbaz qux"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n- b\n- c"),
        ("<dl><dt>Lease</dt><dd>A time</dd><dt>Ack</dt><dd>A word</dd></dl>", "Lease\nA time\nAck\nA word"),
        ("<pre><code>one &lt;x&gt;\n  two\n</code></pre>\nafter", "```\none <x>\n  two\n```\n\nafter"),
        ("| a | b |\n| --- | --- |\n| x<br>y | <ul><li>z</li></ul> |", "| a | b |\n| --- | --- |\n| x y | - z  |"),
        ("See <https://a.example/b> or <ann@a.example>.", "See https://a.example/b or ann@a.example."),
        ("[`a[0]` of it](other.md) and [<b>that</b>](#here)", "`a[0]` of it and that"),
        ("if x<y and <unclosed", "if x<y and <unclosed"),
    ],
)
def test_a_tag_goes_and_what_only_looks_like_one_stays(written: str, said: str) -> None:
    assert read(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<table><tr><td>a<td>b<tr><td>c</table>", "| a | b |\n| c |"),
        ("<table><tr><td>run</td><td><pre>a\nb</pre></td></tr></table>", "| run | `a b` |"),
        ("<table><tr><td>a<table><tr><td>b</td><td>c</td></tr></table></td><td>d</td></tr></table>", "| a b c | d |"),
        (
            "<table><thead><tr><th>A</th><th>[B](b.md)</th></tr></thead>\n\n<tbody><tr><td>1</td><td>2</td></tr></table>",
            "| A | B |\n| --- | --- |\n| 1 | 2 |",
        ),
        ("<tr><td>never ended", "| never ended |"),
    ],
)
def test_a_table_keeps_its_cells(written: str, said: str) -> None:
    assert read(written) == said


def test_tabs_that_say_the_same_are_read_once_and_their_bar_never() -> None:
    tab = '<div class="language-{0}">\n\nCall `{0}_create()` to make the index of the field.\n\n</div>'
    bar = '<div class="multipleCode"><a href="#p">Python</a> <a href="#j">Java</a></div>'
    other = '<div class="language-go">\n\nNot offered.\n\n</div>'
    tabs = "\n\n".join([bar, tab.format("python"), tab.format("java"), other])
    assert read(tabs) == "Call `python_create()` to make the index of the field.\n\nNot offered."


@pytest.mark.parametrize(
    "tag", ["<div>", "<pre>", "<script>", "<sup>", "<td>", "<Box>", '<a "', "<li>", "| <br>", "</div>"]
)
def test_a_page_of_nothing_but_tags_is_read_as_well(tag: str) -> None:
    assert read(f"before\n\n{tag * 5_000}after").endswith(("after", "after |"))
