"""Markdown cleaning: HTML, links to other pages and pictures of a page's prose become plain Markdown."""

from __future__ import annotations

import html
import re

from rag.ingest.formats.markdown_html import CODE, CODE_MARK, CODE_MARK_END, without_html

_CODE_OR_COMMENT = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\1).)+?\1(?!`)|<!--(?:(?!<!--).)*?-->", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()]*\)")
_DEFINITION = re.compile(
    r"^[ ]{0,3}\[(?!\^)[^\[\]\n]+\]:[ \t]+\S+(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$", re.MULTILINE
)
"""Where a link of the form `[text][name]` leads; nobody sees it."""
_PAGE_LINK = re.compile(r"\[([^\[\]]*)\]\((?!https?://)[^()]*(?:\([^()]*\)[^()]*)?\)")
_SITE_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")


def clean_prose(text: str) -> str:
    """Return prose in plain Markdown: comments, tab bars and tags gone, tables and lists kept."""
    code: list[str] = []
    text = _plain(_DEFINITION.sub("", _without_code(text, code)), code)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _with_code(re.sub(r"\n{3,}", "\n\n", text), code)


def plain_heading(heading: str) -> str:
    """Return a heading without markup; backticks stay, as the docs' own headings have them."""
    code: list[str] = []
    text = _SITE_LINK.sub(r"\1", _plain(_without_code(heading, code), code)).replace("\\_", "_")
    return " ".join(_with_code(text, code).split())


def _without_code(text: str, code: list[str]) -> str:
    """Put a mark in the place of each piece of code, and nothing in that of a comment."""

    def kept(match: re.Match[str]) -> str:
        if not match[1]:
            return ""
        code.append(match[0])
        return f"{CODE_MARK}{len(code) - 1}{CODE_MARK_END}"

    text = text.replace(CODE_MARK, "").replace(CODE_MARK_END, "")
    return _CODE_OR_COMMENT.sub(kept, text)


def _with_code(text: str, code: list[str]) -> str:
    return CODE.sub(lambda mark: code[int(mark[1])], text)


def _plain(text: str, code: list[str]) -> str:
    return html.unescape(_PAGE_LINK.sub(r"\1", _IMAGE.sub("", without_html(text, code))))
