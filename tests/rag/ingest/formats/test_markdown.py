"""Markdown pages: sections, headings, anchors, and what is cleaned away."""

from __future__ import annotations

import pytest

from rag.ingest.formats.markdown import Section, make_anchor, read_page

PAGE = """\
---
id: airlock.md
title: Airlock
---

<!-- TOC
# not a heading -->

# Airlock

The airlock keeps {{var.gas}} in. {{fragments/warning.md}}

## Open <b>it</b>

![a picture](x.png) Turn the [red handle](handle.md#Red), see [NASA](https://nasa.gov).

```bash
# a comment, not a heading
open --airlock <name>
```

### With `two.hands`

<div class="alert note">Use both &amp; wait.</div>

## Empty

## A table

<table>
  <tr><th>Part</th><th>Use</th></tr>
  <tr>
    <td><code>lamp</code></td>
    <td>light<br>only</td>
  </tr>
</table>
"""
TEXTS = {
    "en/airlock.md": PAGE,
    "en/fragments/warning.md": "---\nid: x\n---\n\nMind the gap.",
    "en/Variables.json": '{"gas": "oxygen"}',
}


def test_a_page_becomes_its_clean_sections() -> None:
    page = read_page("en/airlock.md", TEXTS)
    assert page.title == "Airlock"
    assert page.sections == (
        Section(headings=(), anchor="Airlock", text="The airlock keeps oxygen in.\nMind the gap.", address=""),
        Section(
            headings=("Open it",),
            anchor="Open-it",
            text="Turn the red handle, see [NASA](https://nasa.gov).\n\n"
            "```bash\n# a comment, not a heading\nopen --airlock <name>\n```",
            address="",
        ),
        Section(
            headings=("Open it", "With `two.hands`"),
            anchor="With-twohands",
            text="**Note:** Use both & wait.",
            address="",
        ),
        Section(
            headings=("A table",),
            anchor="A-table",
            text="| Part | Use |\n| --- | --- |\n| `lamp` | light only |",
            address="",
        ),
    )


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Where does Milvus store data?", "Where-does-Milvus-store-data"),
        ("Load & Release Collection", "Load--Release-Collection"),
        ("`queryNode.replicas`", "queryNodereplicas"),
        ("Can't I?", "Cant-I"),
        ("IVF_PQ", "IVF_PQ"),
    ],
)
def test_an_anchor_is_made_as_the_docs_site_makes_it(heading: str, anchor: str) -> None:
    assert make_anchor(heading) == anchor


def test_a_section_may_name_its_own_address() -> None:
    page = read_page("faq.md", {"faq.md": "## Why?\n\nBecause.\n\nSource: https://example.org/a#b\n"})
    assert page.sections == (
        Section(headings=("Why?",), anchor="Why", text="Because.", address="https://example.org/a#b"),
    )


@pytest.mark.parametrize(
    "text",
    ["", "---\n", "---\ntitle: [broken\n---\ntext", "# \n", "```\nnever closed\n# x", "{{fragments/gone.md}}", "<tr>"],
)
def test_a_broken_page_is_read_as_far_as_it_goes(text: str) -> None:
    read_page("page.md", {"page.md": text})


@pytest.mark.parametrize(
    "opening", ["[", "![](", "<tr><td>", '<div class="multipleCode">', "<!--", "{{", "  ", "~~~\n"]
)
def test_a_page_of_nothing_but_openings_loses_nothing_but_markup(opening: str) -> None:
    page = read_page("page.md", {"page.md": f"Before.\n\n## After\n\nAfter.\n\n{opening * 10_000}"})
    assert [section.headings for section in page.sections] == [(), ("After",)]
    assert page.sections[1].text.startswith("After.")


def test_brackets_that_are_no_link_stay() -> None:
    text = "In [0, 1), see [the query (old)](query(old).md)."
    assert read_page("p.md", {"p.md": text}).sections[0].text == "In [0, 1), see the query (old)."


def test_an_include_that_includes_itself_ends() -> None:
    texts = {"a.md": "{{fragments/a.md}}", "fragments/a.md": "again {{fragments/a.md}}"}
    assert "again" in read_page("a.md", texts).sections[0].text


def test_markup_like_text_in_inline_code_stays() -> None:
    page = read_page("p.md", {"p.md": "Use `Array<T>` and `[0](x)`, not <b>bold</b>."})
    assert page.sections[0].text == "Use `Array<T>` and `[0](x)`, not bold."
