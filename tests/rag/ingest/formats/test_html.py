"""HTML pages."""

from __future__ import annotations

from rag.ingest.formats.html import html_to_markdown

PAGE = """<!doctype html><html><head><title>On call: Milvus</title><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav><main><h1>On call</h1><p>Read this <b>first</b>.</p><h2 id="oom">Out of memory</h2>
<p>Raise the limit &amp; restart.</p><pre><code class="language-bash">kubectl get pods
# not a heading</code></pre>
<table><tr><th>Sign</th><th>Act</th></tr><tr><td>red</td><td>call</td></tr></table></main><footer>(c)</footer>
<script>alert(1)</script></body></html>"""


def test_an_html_page_keeps_its_content_and_loses_its_frame() -> None:
    markdown = html_to_markdown(PAGE)
    assert markdown.startswith('---\ntitle: "On call: Milvus"\n---')
    assert "## Out of memory\n\nRaise the limit & restart." in markdown
    assert "```bash\nkubectl get pods\n# not a heading\n```" in markdown
    assert "| red | call |" in markdown
    for gone in ("Home", "(c)", "alert", "p {}"):
        assert gone not in markdown
