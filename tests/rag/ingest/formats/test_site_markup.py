"""What generators of documentation add to Markdown."""

from __future__ import annotations

import pytest

from rag.ingest.formats.markdown import read_page
from rag.ingest.formats.site_markup import plain_markdown


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (":::tip Mind this\nText.\n:::", "**Mind this**\n\nText."),
        ("::: warning\nText.\n:::", "**Warning**\n\nText."),
        (":::note[Own title]\nText.\n:::", "**Own title**\n\nText."),
        ("::: code-group\nText.\n:::", "Text."),
        ('!!! danger "Careful"\n\n    Text.\n    - item\n\nAfter.', "**Careful**\n\n\nText.\n- item\n\n\nAfter."),
        ("??? note\n    Text.\nAfter.", "**Note**\n\nText.\n\nAfter."),
        ('=== "Go"\n\n    ```go\n    a := 1\n    ```', "**Go**\n\n\n```go\na := 1\n```"),
        ("> [!WARNING]\n> Text.", "> **Warning**\n> Text."),
        ("A [link](a.md){ .md-button } here.\n{: .note }", "A [link](a.md) here."),
        ("import Tabs from '@theme/Tabs';\n\nText.", "Text."),
        ("export const A = () => {\n  return 1;\n};\n\nText.", "Text."),
        ("Text {/* not\nshown */}.", "Text ."),
        ('<TabItem value="x" label="Rust">', "**Rust**"),
        ('{{< tab "Java" >}}\nText.\n{{< /tab >}}', "**Java**\nText."),
        ("{% highlight sh %}\nls # all\n{% endhighlight %}", "```sh\nls # all\n```"),
        ("{% raw %}Text.{% endraw %}", "Text."),
        (
            "```\n:::tip\n!!! note\n{: .x }\nimport a from 'b'\n```",
            "```\n:::tip\n!!! note\n{: .x }\nimport a from 'b'\n```",
        ),
        ("Text: a {b} c, and d: {e}.", "Text: a {b} c, and d: {e}."),
        (
            "See [the page][p], [q][] and [Q], not a[x][y] or [z].\n\n[p]: /p\n[q]: /q",
            "See the page, q and Q, not a[x][y] or [z].\n\n[p]: /p\n[q]: /q",
        ),
    ],
)
def test_marks_of_a_site_are_not_read(written: str, read: str) -> None:
    assert plain_markdown(written).strip() == read


@pytest.mark.parametrize(
    ("text", "title", "first"),
    [
        ('+++\ntitle = "By TOML"\n+++\nText.', "By TOML", "Text."),
        ("---\ntitle: A slip: with a colon\ntags: [a]\n---\nText.", "A slip: with a colon", "Text."),
        ("---\n# only a comment\n---\nText.", "page", "Text."),
    ],
)
def test_front_matter_is_not_text(text: str, title: str, first: str) -> None:
    page = read_page("page.md", {"page.md": text})
    assert (page.title, page.sections[0].text) == (title, first)


def test_a_page_that_begins_with_a_rule_loses_nothing() -> None:
    page = read_page("page.md", {"page.md": "---\n\nFirst, a sentence.\n\n---\n\nThen another."})
    assert "First, a sentence." in page.sections[0].text


def test_a_heading_loses_its_attributes_and_keeps_their_anchor() -> None:
    (section,) = read_page(
        "page.md", {"page.md": "## Set up { #set-up .wide }\n\nText for `<host>` and <host>."}
    ).sections
    assert (section.headings, section.anchor) == (("Set up",), "set-up")
    assert section.text == "Text for `<host>` and <host>."
