"""Markdown pages as clean sections: front matter, includes, variables, headings, markup.

What a fence holds is never touched. Headings are found by markdown-it, so a comment in a code block is not one.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml
from markdown_it import MarkdownIt

from rag.ingest.formats.markdown_cleaning import clean_prose, plain_heading
from rag.ingest.formats.markdown_html import sdk_languages
from rag.ingest.formats.site_markup import plain_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown_it.token import Token


INCLUDE_DEPTH = 4
VARIABLES_FILE = "Variables.json"

MARKDOWN_SUFFIXES = {".md", ".mdx", ".markdown"}

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?\n)?\1[ \t]*(?:\n|\Z)", re.DOTALL)
_KEY = re.compile(r"(?:([\w.-]+)[ \t]*:(?:[ \t]+(.*))?|[ \t]+.*|#.*|-[ \t].*|)")
_INCLUDE = re.compile(r"\{\{\s*(fragments/[\w./-]+)\s*\}\}")
_VARIABLE = re.compile(r"\{\{\s*var\.(\w+)\s*\}\}")
_HEADING_ANCHOR = re.compile(r"\s*\{:?\s*#([^}\s]*)[^}]*\}\s*$")
_OWN_ADDRESS = re.compile(r"^Source:\s*<?(https?://\S+?)>?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What stands between one heading and the next.

    `headings` is the way down to it, its own heading last; `anchor` is "" before the first heading, and
    `has_own_anchor` tells that the page gives it; `address` is the one that the section names for itself on a line
    `Source: https://…`, or ""; `languages` are those of its SDK tabs.
    """

    headings: tuple[str, ...]
    anchor: str
    text: str
    address: str
    languages: tuple[str, ...] = ()
    has_own_anchor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading: its first line, the line after it, its level from 1 to 6, its plain text and its anchor.

    `has_own_anchor` tells that the page gives the anchor.
    """

    begin: int
    end: int
    level: int
    text: str
    anchor: str
    has_own_anchor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page's title, whether it says of itself that it is out of use, and its sections that hold text."""

    title: str
    deprecated: bool
    sections: tuple[Section, ...]


def read_page(path: str, texts: Mapping[str, str]) -> Page:
    """Return the page at `path` of a source's texts, includes and variables filled in from the others."""
    front_matter, body = split_front_matter(texts[path])
    body = fill_in(body, path, texts)
    is_markdown = PurePosixPath(path).suffix.lower() in MARKDOWN_SUFFIXES
    if is_markdown:
        body = plain_markdown(body)
    headings = _headings(body)
    top = next((heading.text for heading in headings if heading.level == 1), "")
    title = plain_heading(str(front_matter.get("title") or "")) or top or PurePosixPath(path).stem
    return Page(
        title=title,
        deprecated=front_matter.get("deprecate") is True,
        sections=tuple(
            _without_title(section, title) for section in _sections(body, headings, has_addresses=is_markdown)
        ),
    )


def split_front_matter(text: str) -> tuple[dict[str, object], str]:
    """Return what a page's top says of it, in YAML or TOML, and the rest."""
    found = _FRONT_MATTER.match(text)
    told = (_toml if found[1] == "+++" else _yaml)(found[2] or "") if found else None
    return (told, text[found.end() :]) if found and told is not None else ({}, text)


def _toml(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _yaml(text: str) -> dict[str, object] | None:
    """Return the mapping; of one with a slip in it (a colon in a title), what stands behind its keys."""
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # a date that is none
        lines = [_KEY.fullmatch(line) for line in text.splitlines()]
        return {line[1]: (line[2] or "").strip("\"' ") for line in lines if line and line[1]} if all(lines) else None
    return told if isinstance(told, dict) else {} if told is None else None


def make_anchor(heading: str) -> str:
    """Return the anchor that milvus.io gives a heading: `Load & Release Collection` → `Load--Release-Collection`."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.strip()))


def fill_in(text: str, path: str, texts: Mapping[str, str]) -> str:
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
            text = plain_heading(_HEADING_ANCHOR.sub("", inline.content))
            given = _HEADING_ANCHOR.search(inline.content)
            anchor = given[1] if given else make_anchor(text)
            begin, end = token.map
            level = int(token.tag[1])
            found.append(
                Heading(begin=begin, end=end, level=level, text=text, anchor=anchor, has_own_anchor=bool(given))
            )
    return found


def _code_lines(body: str) -> set[int]:
    return {
        n for token in _parse(body) if token.type in {"fence", "code_block"} and token.map for n in range(*token.map)
    }


def _sections(body: str, headings: list[Heading], *, has_addresses: bool) -> list[Section]:
    lines, code = body.split("\n"), _code_lines(body)
    sections: list[Section] = []
    heading_path: list[Heading] = []
    begin = 0
    for heading in [*headings, Heading(begin=len(lines), end=len(lines), level=1, text="", anchor="")]:
        told = sdk_languages("\n".join(lines[begin : heading.begin]))
        text = _clean(lines, range(begin, heading.begin), code)
        address = _OWN_ADDRESS.search(text) if has_addresses else None
        sections += _section(heading_path, text, address=address[1] if address else "", languages=told)
        heading_path = [*(above for above in heading_path if above.level < heading.level), heading]
        begin = heading.end
    return sections


def _section(heading_path: list[Heading], text: str, *, address: str, languages: tuple[str, ...]) -> list[Section]:
    """Return the section in a list, or nothing where it holds no text."""
    text = (_OWN_ADDRESS.sub("", text) if address else text).strip()
    if not re.search(r"\w", text):
        return []
    headings = tuple(heading.text for heading in heading_path if heading.text)
    last = heading_path[-1] if heading_path else None
    return [
        Section(
            headings=headings,
            anchor=last.anchor if last else "",
            text=text,
            address=address,
            languages=languages,
            has_own_anchor=bool(last and last.has_own_anchor),
        )
    ]


def _without_title(section: Section, title: str) -> Section:
    return replace(section, headings=section.headings[1:]) if section.headings[:1] == (title,) else section


def _clean(lines: list[str], span: range, code: set[int]) -> str:
    """Clean the prose of these lines and leave their code as it is."""
    runs: list[tuple[bool, list[str]]] = []
    for number in span:
        if not runs or runs[-1][0] != (number in code):
            runs.append((number in code, []))
        runs[-1][1].append(lines[number])
    parts = ["\n".join(run) if is_code else clean_prose("\n".join(run)) for is_code, run in runs]
    return "\n".join(part for part in parts if part.strip()).strip("\n")
