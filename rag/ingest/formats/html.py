"""HTML pages: their main part as Markdown."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup
from markdownify import MarkdownConverter

from rag.errors import IngestError

NOT_CONTENT = ("script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "svg", "iframe")


def html_to_markdown(text: str) -> str:
    """Return the main part of an HTML page as Markdown, its title as front matter; what frames it is left out.

    Raise IngestError for one that can't be read.
    """
    page = BeautifulSoup(text, "html.parser")
    for element in page(NOT_CONTENT):
        element.decompose()
    main = page.find("main") or page.find("article") or page.body or page
    converter = MarkdownConverter(heading_style="ATX", bullets="-", code_language_callback=_language)
    try:
        markdown: str = converter.convert_soup(main)
    except RecursionError as error:
        raise IngestError("its elements are nested too deeply") from error
    title = page.title.get_text(" ", strip=True) if page.title else ""
    return titled(title, re.sub(r"\n{3,}", "\n\n", markdown))


def _language(element: object) -> str:
    """Return the language that a page's <pre><code class="language-x"> names."""
    found = re.search(r'class="[^"]*\blanguage-(\w+)', str(element)[:300])
    return found[1] if found else ""


def titled(title: str, markdown: str) -> str:
    """Return Markdown with a title as front matter, where there is one."""
    quoted = re.sub(r"[\"\\\n]", " ", title).strip()
    return f'---\ntitle: "{quoted}"\n---\n\n{markdown}' if quoted else markdown
