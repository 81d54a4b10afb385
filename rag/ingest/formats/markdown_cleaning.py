"""Markdown cleaning: HTML markup, SDK tabs and tables of a page's prose become plain Markdown."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


SAME_SENTENCE = 0.7
"""SDK tabs that share this much of their words outside code say the same."""
_INLINE_CODE = re.compile(r"(`+)(?:(?!\1).)+?\1(?!`)", re.DOTALL)
# None of these reads across another of its own openings: a page of nothing but openings still takes linear time.
_COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.DOTALL)
_TAB_BAR = re.compile(r'<div\s+class="(?:multipleCode|filter|tab-wrapper)">(?:(?!<div\b).)*?</div>', re.DOTALL)
SDK_TAB = re.compile(r'<div\s+class="language-(\w+)">((?:(?!<div\b).)*?)</div>', re.DOTALL)
_SDK_TABS = re.compile(r'(?:<div\s+class="language-\w+">(?:(?!<div\b).)*?</div>\s*)+', re.DOTALL)
_ALERT = re.compile(r'<div\s+class="(?:alert|alter|admonition)\s+(\w+?)s?">\s*')
_HEADER_CELLS_ONLY = re.compile(r"(?:\s*<th\b(?:(?!</?t[dhr]\b).)*</th>)+\s*", re.DOTALL | re.IGNORECASE)
_TABLE_ROW = re.compile(r"[ \t]*<tr\b[^<>]*>((?:(?!<tr\b).)*?)</tr>[ \t]*\n?", re.DOTALL | re.IGNORECASE)
_TABLE_CELL = re.compile(r"<t[dh]\b[^<>]*>(.*?)(?=</t[dh]>|<t[dh]\b|\Z)", re.DOTALL | re.IGNORECASE)
_AFTER_RULE = re.compile(r"(\| --- \|)\n(?:[ \t]*(?:</?t(?:head|body)[^<>]*>)?[ \t]*\n?)+(?=\|)")
_CODE_TAG = re.compile(r"</?code\b[^<>]*>", re.IGNORECASE)
_BREAK_TAG = re.compile(r"<(?:br|/p|/li|/ul|/ol|/summary|/tr)\s*/?>", re.IGNORECASE)
_BREAK_IN_ROW = re.compile(r"^(?=[ \t]*\|)(.*)$", re.MULTILINE)
_ITEM_TAG = re.compile(r"<li\b[^<>]*>", re.IGNORECASE)
_ELEMENTS = (
    "a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption center cite "
    "code col colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure font "
    "footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link "
    "main map mark meta meter nav noscript object ol optgroup option output p param picture pre progress q rp rt "
    "ruby s samp script search section select slot small source span strong style sub summary sup svg table tbody "
    "td template textarea tfoot th thead time title tr track tt u ul var video wbr path rect circle line g "
    "polygon defs use"
)
_COMPONENT = r"(?<!\w</)(?<!\w<)[A-Z][\w.]*"
_ATTRIBUTES = r"""(?:"[^"\n]*"|'[^'\n]*'|[^<>"'])*"""
_TAG = re.compile(rf"</?(?:(?:{_ELEMENTS.replace(' ', '|')})|{_COMPONENT})(?=[\s/>]){_ATTRIBUTES}>")
"""HTML's elements and MDX's components; what else stands in angle brackets is meant to be read: `<host>`."""
_AUTOLINK = re.compile(r"<((?:https?|mailto|ftp):[^<>\s]+|[\w.+-]+@[\w-]+\.[\w.-]+)>")
_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()]*\)")
_DEFINITION = re.compile(
    r"^[ ]{0,3}\[(?!\^)[^\[\]\n]+\]:[ \t]+\S+(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$", re.MULTILINE
)
"""Where a link of the form `[text][name]` leads; nobody sees it."""
_CODE_LINK = re.compile(r"\[((?:[^\[\]`\n]*`[^`\n]+`)+[^\[\]`\n]*)\]\((?!https?://)[^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)")
"""A link to another page with code in its words."""
_PAGE_LINK = re.compile(r"\[([^\[\]]*)\]\((?!https?://)[^()]*(?:\([^()]*\)[^()]*)?\)")


def clean_prose(text: str) -> str:
    """Return prose in plain Markdown: comments, tab bars and tags gone, tables and lists kept."""
    text = _SDK_TABS.sub(_said_once, _TAB_BAR.sub("", _COMMENT.sub("", text)))
    text = _DEFINITION.sub("", text)
    text = _BREAK_IN_ROW.sub(lambda row: _BREAK_TAG.sub(" ", row[1]), text)
    text = _ALERT.sub(lambda match: f"**{match[1].capitalize()}:** ", text)
    text = _AFTER_RULE.sub(r"\1\n", _TABLE_ROW.sub(_table_row, text))
    text = _outside_code(_CODE_LINK.sub(r"\1", text), _clean_markup)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n")))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    pieces: list[str] = []
    end = 0
    for match in _INLINE_CODE.finditer(text):
        pieces += [change(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*pieces, change(text[end:])])


def _clean_markup(text: str) -> str:
    text = _PAGE_LINK.sub(r"\1", _IMAGE.sub("", text))
    text = _CODE_TAG.sub("`", text)
    text = _ITEM_TAG.sub("- ", _BREAK_TAG.sub("\n", text))
    return html.unescape(_TAG.sub("", _AUTOLINK.sub(r"\1", text)))


def _said_once(match: re.Match[str]) -> str:
    """Return the SDK tabs' texts, but one that says in another language's names what stands already."""
    kept: list[str] = []
    for _, text in SDK_TAB.findall(match[0]):
        words = _plain_words(text)
        if not any(len(words & other) >= SAME_SENTENCE * len(words | other) for other in map(_plain_words, kept)):
            kept.append(text.strip("\n"))
    return "\n\n".join(kept) + "\n\n"


def _plain_words(text: str) -> set[str]:
    return set(re.findall(r"\w+", re.sub(r"`[^`]*`|\([^)]*\)|<[^<>]*>", " ", text.lower())))


def _table_row(match: re.Match[str]) -> str:
    cells = [" ".join(_clean_markup(cell).split()) for cell in _TABLE_CELL.findall(match[1])]
    if not any(cells):
        return ""
    rule = f"| {' | '.join('---' for _ in cells)} |\n" if _HEADER_CELLS_ONLY.fullmatch(match[1]) else ""
    return f"| {' | '.join(cells)} |\n{rule}"


def plain_heading(heading: str) -> str:
    """Return a heading without markup; backticks stay, as the docs' own headings have them."""
    text = _outside_code(_PAGE_LINK.sub(r"\1", heading), lambda prose: _TAG.sub("", prose))
    text = re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", text)
    return " ".join(html.unescape(text).replace("\\_", "_").split())
