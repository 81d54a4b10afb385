"""HTML pages: what a reader sees of their content, as Markdown.

What frames a page is told by its structure: navigation, what stands outside the content, what is hidden. Text stays
text on its way through Markdown: what would be a tag, a heading or a fence there is written as an entity, which the
reader of Markdown pages puts back.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup, Comment, Tag, XMLParsedAsHTMLWarning
from markdownify import MarkdownConverter

from rag.errors import IngestError
from rag.ingest.formats.markdown_html import BLOCKS, CELLS, raised

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)  # XHTML is HTML to a reader

# fmt: off
UNSEEN = frozenset({
    "script", "style", "noscript", "template", "nav", "svg", "iframe", "canvas", "object", "button", "input", "select",
    "textarea", "option", "dialog", "link", "meta", "head",
})
FRAME_CLASSES = frozenset({
    "headerlink", "anchor-link", "anchorjs-link", "hash-link", "header-anchor", "heading-anchor", "skip-link",
    "skip-nav", "edit-this-page", "sphinxsidebar", "related", "navheader", "navfooter", "navigation", "sidebar",
    "breadcrumb", "breadcrumbs", "pagination", "navpath", "toc", "table-of-contents", "on-this-page", "page-toc",
    "clipboard", "copybtn", "linenos", "linenodiv", "lineno", "lnt", "line-numbers-rows", "ttc",
})
"""Names that generators of documentation give to navigation: Sphinx, Doxygen, DocBook, GTK-Doc, MkDocs, Docusaurus."""
# fmt: on
FRAME = ("header", "footer", "aside")
"""A part of the frame where they stand outside the content, a part of the content inside it."""
CONTENT = ("main", "article", "section")
FRAME_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "dialog"}
ENOUGH = 0.4
"""Which share of a page's words its marked content must hold to be taken for all of it."""
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_HEADING = re.compile(r"h[1-6]")
_LINE_MARK = re.compile(r"^(\s*)(#{1,6}(?=\s)|`{3,}|~{3,}|-{3,}|={3,}|\+{3,}|:{3,}|!!!|\?\?\?)", re.MULTILINE)
_ENTITIES = {"#": "&#35;", "`": "&#96;", "~": "&#126;", "-": "&#45;", "=": "&#61;", "+": "&#43;", ":": "&#58;"}
_ENTITIES |= {"!": "&#33;", "?": "&#63;", "[": "&#91;", "{": "&#123;"}


def html_to_markdown(text: str) -> str:
    """Return the content of an HTML page as Markdown, its title as front matter.

    Raise IngestError for one that can't be read or has no content.
    """
    page = BeautifulSoup(text, "lxml")
    title = page.title.get_text(" ", strip=True) if page.title else ""
    try:
        content = _content(page)
        markdown = "\n\n".join(_Writer().convert_soup(part) for part in content)
    except RecursionError as error:
        raise IngestError("its elements are nested too deeply") from error
    if not _WORD.search(markdown):
        raise IngestError("it has no content that a reader sees")
    return titled(title, re.sub(r"\n{3,}", "\n\n", markdown))


def content_text(text: str) -> str:
    """Return the words of a page's title and content, one after the other."""
    page = BeautifulSoup(text, "lxml")
    title = " ".join(page.title.get_text(" ").split()) if page.title else ""
    content = _content(page)
    headings = {" ".join(heading.get_text(" ").split()) for part in content for heading in part.find_all(_HEADING)}
    return "\n".join([*([] if title in headings else [title]), *map(text_of, content)])


def body_text(text: str) -> str:
    """Return the words that a page shows, its navigation, headers and footers with them."""
    page = BeautifulSoup(text, "lxml")
    for element in page.find_all():
        if not element.decomposed and (element.name in UNSEEN - {"nav"} or _is_hidden(element)):
            element.decompose()
    return text_of(page)


def text_of(element: Tag) -> str:
    """Return an element's words as they are seen: what stands in one line is not torn apart."""
    for apart in element.find_all([*BLOCKS, *CELLS, "tr", "br", "pre", "sup"]):
        apart.insert_before(" ")
        apart.insert_after(" ")
    return element.get_text()


def titled(title: str, markdown: str) -> str:
    """Return Markdown with a title as front matter, where there is one."""
    quoted = re.sub(r"[\"\\\n]", " ", title).strip()
    return f'---\ntitle: "{quoted}"\n---\n\n{markdown}' if quoted else markdown


def literal_lines(text: str) -> str:
    """Return text of many lines as Markdown that reads as just that: none is code because it stands to the right."""
    return literal(re.sub(r"^(?: {4,}| *\t\s*)", "   ", text, flags=re.MULTILINE))


def literal(text: str) -> str:
    """Return text as Markdown that reads as just that: no tag, link, heading, rule, fence or variable of it is one."""
    text = _ENTITY.sub("&amp;", text).replace("<", "&lt;").replace("](", "]&#40;").replace("{{", "&#123;{")
    text = text.replace("{%", "&#123;%").replace("{/*", "&#123;/*")
    return _LINE_MARK.sub(lambda mark: f"{mark[1]}{_ENTITIES[mark[2][0]]}{mark[2][1:]}", text)


def _content(page: BeautifulSoup) -> Sequence[Tag]:
    """Return the elements that hold the content, in their order, all else taken out."""
    _take_out(page)
    body = page.body or page
    mains = _outermost(page.select("main, [role=main]"))
    if _words(mains) >= ENOUGH * _words([body]):
        return mains
    _take_out_frame(body)
    articles = _outermost(page.find_all("article"))
    return articles if _words(articles) >= ENOUGH * _words([body]) else [body]


def _take_out(page: BeautifulSoup) -> None:
    """Take out what no reader sees, and what leads to other places."""
    for comment in page.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for element in page.find_all():
        if element.decomposed:
            continue
        is_frame = not FRAME_CLASSES.isdisjoint(element.get("class") or ()) or element.get("role") in FRAME_ROLES
        if element.name in UNSEEN or is_frame or _is_hidden(element):
            _keep_anchor(element)
            element.decompose()
        elif element.name == "a" and _is_in_heading(element) and not _WORD.search(element.get_text()):
            _keep_anchor(element)
            element.decompose()  # a link to the heading itself
    _take_out_frame(page)


def _take_out_frame(page: Tag) -> None:
    for element in page.find_all(FRAME):
        if not element.decomposed and not element.find_parent(CONTENT):
            element.decompose()


def _is_hidden(element: Tag) -> bool:
    if element.name in ("html", "body"):
        return False
    return element.has_attr("hidden") or bool(_HIDDEN.search(str(element.get("style") or "")))


def _is_in_heading(element: Tag) -> bool:
    return element.parent is not None and bool(_HEADING.fullmatch(element.parent.name))


def _keep_anchor(link: Tag) -> None:
    """Leave the anchor of a link to a heading with the heading."""
    leads_to = str(link.get("href") or "")
    anchor = link.get("id") or link.get("name") or (leads_to[1:] if leads_to.startswith("#") else "")
    if anchor and link.parent and _is_in_heading(link) and not link.parent.get("id"):
        link.parent["id"] = str(anchor)


def _anchor_of(heading: Tag) -> str:
    """Return the id of a heading, of what stands in or right before it, or of the section that it opens; else ""."""
    inner = heading.find(id=True) or heading.find("a", attrs={"name": True})
    before = heading.find_previous_sibling()
    is_mark = isinstance(before, Tag) and before.name == "a" and not before.get_text(strip=True)
    opens = heading.parent if before is None or is_mark else None
    marked = [heading, inner, before if is_mark else None, opens]
    found = [str(one.get("id") or one.get("name") or "") for one in marked if isinstance(one, Tag)]
    return next((anchor for anchor in found if re.fullmatch(r"[^\s{}]+", anchor)), "")


def _outermost(elements: Iterable[Tag]) -> list[Tag]:
    found = [element for element in elements if not element.decomposed]
    return [one for one in found if not any(one is not other and other in one.parents for other in found)]


def _words(elements: Iterable[Tag]) -> int:
    return sum(len(_WORD.findall(element.get_text(" "))) for element in elements)


class _Writer(MarkdownConverter):
    """Writes Markdown whose reader gets the page's own text back."""

    def __init__(self) -> None:
        super().__init__(heading_style="ATX", bullets="-", strip=["img"])

    def escape(self, text: str, parent_tags: set[str]) -> str:
        """Return text as Markdown that reads as just that."""
        del parent_tags
        return literal(text)

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Write a fence that is longer than any in the text."""
        del text, parent_tags
        for line_break in el.find_all("br"):
            line_break.replace_with("\n")
        code = el.get_text().strip("\n")
        longest = max((len(run) for run in re.findall(r"^\s*(`{3,})", code, re.MULTILINE)), default=2)
        fence = "`" * max(3, longest + 1)
        return f"\n\n{fence}{_language(el)}\n{code}\n{fence}\n\n" if code.strip() else ""

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Write a link to another site; of one to another page its text, since nobody can follow it from a passage."""
        if not str(el.get("href") or "").startswith(("http://", "https://")):
            return text
        del el["title"]
        return str(super().convert_a(el, text, parent_tags))  # type: ignore[misc]

    def convert_div(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Write the code that Doxygen makes of boxes, a line each, as code."""
        if "fragment" not in (el.get("class") or ()):
            return str(super().convert_div(el, text, parent_tags))  # type: ignore[misc]
        code = "\n".join(line.get_text().replace("\xa0", " ").rstrip() for line in el.select(".line"))
        return f"\n\n```\n{code}\n```\n\n" if code.strip() else text

    def convert_summary(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Write the line that opens what is folded."""
        del el, parent_tags
        return f"\n\n**{text.strip()}**\n\n" if text.strip() else ""

    def convert_hN(self, n: int, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: N802 - markdownify's name
        """Write a heading with its anchor, where it has one."""
        written = str(super().convert_hN(n, el, text, parent_tags))  # type: ignore[misc]
        anchor = _anchor_of(el)
        return f"{written.rstrip()} {{#{anchor}}}\n\n" if anchor and written.lstrip().startswith("#") else written

    def convert_dd(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Write what a term means without an indent, which would make code of its second paragraph."""
        del el
        text = text.strip()
        if "_inline" in parent_tags:
            return f" {text} "
        return f"\n: {text}\n\n" if _WORD.match(text) else f"\n\n{text}\n\n"

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Write a power as one."""
        del parent_tags
        before = el.previous_sibling
        return raised(before.get_text() if before else "", text)

    def convert_kbd(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Write keys as they are read."""
        del el, parent_tags
        return text


def _language(element: Tag) -> str:
    """Return the language that a page's <pre> or the <code> in it names."""
    code = element.find("code")
    marked = [element, *([code] if isinstance(code, Tag) else []), *([element.parent] if element.parent else [])]
    classes = " ".join(" ".join(one.get("class") or ()) for one in marked)
    found = re.search(r"(?:^|\s)(?:language|lang|highlight|brush)[-:](?!source)(\w+)", classes)
    return found[1] if found else ""
