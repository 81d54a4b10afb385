"""This file is where a Markdown page becomes clean sections: front matter, includes, variables, headings, markup.

What a fence holds is never touched. Headings are found by markdown-it, so a comment in a code block is not one.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markdown_it.token import Token

INCLUDE_DEPTH = 4
VARIABLES_FILE = "Variables.json"
SAME_SENTENCE = 0.7
"""SDK tabs that share this much of their words outside code say the same."""

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_INCLUDE = re.compile(r"\{\{\s*(fragments/[\w./-]+)\s*\}\}")
_VARIABLE = re.compile(r"\{\{\s*var\.(\w+)\s*\}\}")
_INLINE_CODE = re.compile(r"(`+)(?:(?!\1).)+?\1(?!`)", re.DOTALL)
# None of these reads across another of its own openings: a page of nothing but openings still takes linear time.
_COMMENT = re.compile(r"<!--(?:(?!<!--).)*?-->", re.DOTALL)
_TAB_BAR = re.compile(r'<div\s+class="(?:multipleCode|filter|tab-wrapper)">(?:(?!<div\b).)*?</div>', re.DOTALL)
_SDK_TAB = re.compile(r'<div\s+class="language-(\w+)">((?:(?!<div\b).)*?)</div>', re.DOTALL)
_SDK_TABS = re.compile(r'(?:<div\s+class="language-\w+">(?:(?!<div\b).)*?</div>\s*)+', re.DOTALL)
_ALERT = re.compile(r'<div\s+class="(?:alert|alter|admonition)\s+(\w+?)s?">\s*')
_HEADER_CELLS_ONLY = re.compile(r"(?:\s*<th\b(?:(?!</?t[dhr]\b).)*</th>)+\s*", re.DOTALL | re.IGNORECASE)
_TABLE_ROW = re.compile(r"[ \t]*<tr\b[^<>]*>((?:(?!<tr\b).)*?)</tr>[ \t]*\n?", re.DOTALL | re.IGNORECASE)
_TABLE_CELL = re.compile(r"<t[dh]\b[^<>]*>(.*?)(?=</t[dh]>|<t[dh]\b|\Z)", re.DOTALL | re.IGNORECASE)
_AFTER_RULE = re.compile(r"(\| --- \|)\n(?:[ \t]*(?:</?t(?:head|body)[^<>]*>)?[ \t]*\n?)+(?=\|)")
_CODE_TAG = re.compile(r"</?code\b[^<>]*>", re.IGNORECASE)
_BREAK_TAG = re.compile(r"<(?:br|/p|/li|/ul|/ol|/summary|/tr)\s*/?>", re.IGNORECASE)
_ITEM_TAG = re.compile(r"<li\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>")
_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()]*\)")
_PAGE_LINK = re.compile(r"\[([^\[\]]*)\]\((?!https?://)[^()]*(?:\([^()]*\)[^()]*)?\)")
_HEADING_ANCHOR = re.compile(r"\s*\{#([^}]*)\}\s*$")
_OWN_ADDRESS = re.compile(r"^Source:\s*<?(https?://\S+?)>?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What stands between one heading and the next.

    `headings` is the way down to it, its own heading last; `anchor` is "" before the first heading; `address` is the
    one that the section names for itself on a line `Source: https://…`, or ""; `languages` are those of its SDK tabs.
    """

    headings: tuple[str, ...]
    anchor: str
    text: str
    address: str
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading: its first line, the line after it, its level from 1 to 6, its plain text and its anchor."""

    begin: int
    end: int
    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page's title, whether it says of itself that it is out of use, and its sections that hold text."""

    title: str
    deprecated: bool
    sections: tuple[Section, ...]


def read_page(path: str, texts: Mapping[str, str]) -> Page:
    """Return the page at `path` of a source's texts, includes and variables filled in from the others."""
    front_matter, body = split_front_matter(texts[path])
    body = _fill_in(body, path, texts)
    headings = _headings(body)
    top = next((heading.text for heading in headings if heading.level == 1), "")
    title = _plain(str(front_matter.get("title") or "")) or top or PurePosixPath(path).stem
    return Page(
        title=title,
        deprecated=front_matter.get("deprecate") is True,
        sections=tuple(_without_title(section, title) for section in _sections(body, headings)),
    )


def split_front_matter(text: str) -> tuple[dict[str, object], str]:
    """Return the YAML at a page's top ({} where there is none, or none that parses) and the rest."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    try:
        front_matter = yaml.safe_load(found[1])
    except yaml.YAMLError:
        return {}, text[found.end() :]
    return (front_matter if isinstance(front_matter, dict) else {}), text[found.end() :]


def make_anchor(heading: str) -> str:
    """Return the anchor that milvus.io gives a heading: `Load & Release Collection` → `Load--Release-Collection`."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.strip()))


def _fill_in(text: str, path: str, texts: Mapping[str, str]) -> str:
    """Put in `{{fragments/x.md}}` and `{{var.x}}`, looked for in the page's folder and those above it."""
    above = [str(folder) for folder in PurePosixPath(path).parents]

    def nearest(name: str) -> str | None:
        candidates = (str(PurePosixPath(folder) / name) for folder in above)
        return next((texts[candidate] for candidate in candidates if candidate in texts), None)

    def included(match: re.Match[str]) -> str:
        return split_front_matter(nearest(match[1]) or "")[1]

    for _ in range(INCLUDE_DEPTH):
        if not _INCLUDE.search(text):
            break
        text = _INCLUDE.sub(included, text)
    if not _VARIABLE.search(text):
        return text
    values = _variables(nearest(VARIABLES_FILE))
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _variables(text: str | None) -> dict[str, str]:
    try:
        values = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    return {key: str(value) for key, value in values.items()} if isinstance(values, dict) else {}


def _parse(body: str) -> list[Token]:
    """Return the page's blocks; what stands inside a line is not looked at, which saves most of the time."""
    return MarkdownIt("commonmark").disable("inline").parse(body)


def _headings(body: str) -> list[Heading]:
    found = []
    for token, inline in pairwise(_parse(body)):
        if token.type == "heading_open" and token.map:
            text = _plain(_HEADING_ANCHOR.sub("", inline.content))
            given = _HEADING_ANCHOR.search(inline.content)
            anchor = given[1] if given else make_anchor(text)
            begin, end = token.map
            found.append(Heading(begin=begin, end=end, level=int(token.tag[1]), text=text, anchor=anchor))
    return found


def _code_lines(body: str) -> set[int]:
    return {
        n for token in _parse(body) if token.type in {"fence", "code_block"} and token.map for n in range(*token.map)
    }


def _sections(body: str, headings: list[Heading]) -> list[Section]:
    lines, code = body.split("\n"), _code_lines(body)
    sections: list[Section] = []
    way_down: list[Heading] = []
    begin = 0
    for heading in [*headings, Heading(begin=len(lines), end=len(lines), level=1, text="", anchor="")]:
        languages = _SDK_TAB.findall("\n".join(lines[begin : heading.begin]))
        text = _clean(lines, range(begin, heading.begin), code)
        sections += _section(way_down, text, tuple(dict.fromkeys(language for language, _ in languages)))
        way_down = [*(above for above in way_down if above.level < heading.level), heading]
        begin = heading.end
    return sections


def _section(way_down: list[Heading], text: str, languages: tuple[str, ...]) -> list[Section]:
    """Return the section in a list, or nothing where it holds no text."""
    address = _OWN_ADDRESS.search(text)
    text = _OWN_ADDRESS.sub("", text).strip()
    if not re.search(r"\w", text):
        return []
    headings = tuple(heading.text for heading in way_down if heading.text)
    anchor = way_down[-1].anchor if way_down else ""
    own = address[1] if address else ""
    return [Section(headings=headings, anchor=anchor, text=text, address=own, languages=languages)]


def _without_title(section: Section, title: str) -> Section:
    return replace(section, headings=section.headings[1:]) if section.headings[:1] == (title,) else section


def _clean(lines: list[str], span: range, code: set[int]) -> str:
    """Clean the prose of these lines and leave their code as it is."""
    runs: list[tuple[bool, list[str]]] = []
    for number in span:
        if not runs or runs[-1][0] != (number in code):
            runs.append((number in code, []))
        runs[-1][1].append(lines[number])
    parts = ["\n".join(run) if is_code else _clean_prose("\n".join(run)) for is_code, run in runs]
    return "\n".join(part for part in parts if part.strip()).strip("\n")


def _clean_prose(text: str) -> str:
    text = _SDK_TABS.sub(_said_once, _TAB_BAR.sub("", _COMMENT.sub("", text)))
    text = _ALERT.sub(lambda match: f"**{match[1].capitalize()}:** ", text)
    text = _AFTER_RULE.sub(r"\1\n", _TABLE_ROW.sub(_table_row, text))
    text = _outside_code(text, _clean_markup)
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
    return html.unescape(_TAG.sub("", text))


def _said_once(match: re.Match[str]) -> str:
    """Return the SDK tabs' texts, but one that says in another language's names what stands already."""
    kept: list[str] = []
    for _, text in _SDK_TAB.findall(match[0]):
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


def _plain(heading: str) -> str:
    """Return a heading without markup; backticks stay, as the docs' own headings have them."""
    text = re.sub(r"<[^<>]+>", "", _PAGE_LINK.sub(r"\1", heading))
    text = re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", text)
    return " ".join(html.unescape(text).replace("\\_", "_").split())
