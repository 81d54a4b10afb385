"""HTML pages."""

from __future__ import annotations

import pytest

from rag import IngestError
from rag.ingest.formats.html import html_to_markdown
from rag.ingest.formats.markdown import read_page

PAGE = """<!doctype html><html><head><title>On call: Milvus</title><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav><main><h1>On call</h1><p>Read this <b>first</b>.</p><h2 id="oom">Out of memory</h2>
<p>Raise the limit &amp; restart.</p><pre><code class="language-bash">kubectl get pods
# not a heading</code></pre>
<table><tr><th>Sign</th><th>Act</th></tr><tr><td>red</td><td>call</td></tr></table></main><footer>(c)</footer>
<script>alert(1)</script></body></html>"""


def test_an_html_page_keeps_its_content_and_loses_its_frame() -> None:
    markdown = html_to_markdown(PAGE)
    assert markdown.startswith('---\ntitle: "On call: Milvus"\n---')
    assert "## Out of memory {#oom}\n\nRaise the limit & restart." in markdown
    assert "```bash\nkubectl get pods\n# not a heading\n```" in markdown
    assert "| red | call |" in markdown
    for gone in ("Home", "(c)", "alert", "p {}"):
        assert gone not in markdown


def passages_text(body: str) -> str:
    """Return what is read of a page, as passages hold it."""
    markdown = html_to_markdown(f"<html><head><title>T</title></head><body>{body}</body></html>")
    page = read_page("page.html", {"page.html": markdown})
    return "\n".join("\n".join([*section.headings, section.text]) for section in page.sections)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<p>Write &lt;host&gt;, List&lt;String&gt; and a &amp;lt; b.</p>", "Write <host>, List<String> and a &lt; b."),
        ("<p>max_connections_limit * 2 is [x](y.md)</p>", "max_connections_limit * 2 is [x](y.md)"),
        (
            "<p># no heading</p><p>---</p><p>Source: https://a.example/</p>",
            "# no heading\n\n---\n\nSource: https://a.example/",
        ),
        ("<h2>A <a class='x' href='#a'>¶</a></h2><p>text</p>", "A\ntext"),
        ("<pre>a\n```\n# b\n```\nc</pre><p>after</p>", "````\na\n```\n# b\n```\nc\n````\n\nafter"),
        ("<p>{{var.x}} and {% y %}</p>", "{{var.x}} and {% y %}"),
        ("<details><summary>More</summary><p>folded</p></details>", "**More**\n\nfolded"),
        ("<main hidden><p>loading</p></main><main><p>real</p></main>", "real"),
        ("<main><section><header><h2>H</h2></header><aside><p>warning</p></aside></section></main>", "H\nwarning"),
        ("<article><p>one</p></article><article><p>two</p></article>", "one\n\ntwo"),
        ("<p>2<sup>32</sup> rows, the 10<sup>th</sup></p>", "2^32 rows, the 10th"),
        ("<form><p>all of it</p><input value='x'></form>", "all of it"),
        ("<main><p>a</p></main><div><p>much more than what is marked</p></div>", "a\n\nmuch more than what is marked"),
        ("<div class='sphinxsidebar'>links</div><div role='main'><p>text</p></div>", "text"),
    ],
)
def test_what_a_reader_sees_is_what_is_read(body: str, said: str) -> None:
    assert passages_text(body) == said


@pytest.mark.parametrize("body", ["", "<nav>only links</nav>", "<main><img src='x.png'></main>"])
def test_a_page_without_content_is_refused_in_words(body: str) -> None:
    with pytest.raises(IngestError, match="no content"):
        html_to_markdown(f"<html><body>{body}</body></html>")


@pytest.mark.parametrize(
    ("body", "anchor"),
    [
        ("<h2 id='own'>H</h2>", "own"),
        ("<div id='of-section'><h2>H<a class='headerlink' href='#link'>¶</a></h2><p>x</p></div>", "link"),
        ("<section id='of-section'><h2>H</h2></section>", "of-section"),
        ("<h2><a name='inside'></a>H</h2>", "inside"),
        ("<a name='before'></a><h2>H</h2>", "before"),
        ("<p>x</p><div id='text'><p>first</p><h2>H</h2></div>", "H"),
    ],
)
def test_a_heading_has_the_anchor_that_its_page_gives_it(body: str, anchor: str) -> None:
    page = read_page("page.html", {"page.html": html_to_markdown(f"<body>{body}<p>text</p></body>")})
    assert page.sections[-1].headings == ("H",)
    assert page.sections[-1].anchor == anchor
