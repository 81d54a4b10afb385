"""Markup: Slack's Markdown and mrkdwn as HTML. All that a message holds is escaped: nothing in it can run."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

_FORMATTER = HtmlFormatter(nowrap=True)
_TOKEN = re.compile(
    r"```\n?(?P<block>.*?)```|`(?P<code>[^`\n]+)`|<(?P<link>[^<>\s|]+)(?:\|(?P<label>[^<>]*))?>"
    r"|(?<!\w)\*(?P<bold>[^*\n]+)\*(?!\w)|(?<!\w)_(?P<italic>[^_\n]+)_(?!\w)|(?P<line>\n)",
    re.DOTALL,
)
_DATE = re.compile(r"!date\^(\d+)\^")
_SAFE = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


def style_sheet() -> str:
    """Return the colours of highlighted code, in light and in dark."""
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    light = HtmlFormatter(style="default").get_style_defs(".code")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


@lru_cache(maxsize=512)
def markdown(text: str) -> Markup:
    """Return a markdown block's text as HTML."""
    return Markup(_markdown().render(text))  # noqa: S704 - markdown-it escapes HTML, and takes no unsafe address


def mrkdwn(text: str, names: Mapping[str, str]) -> Markup:
    """Return mrkdwn as HTML; `names` are those of people and channels. Slack's escapes (`&lt;`) stand in it."""
    parts, start = [], 0
    for found in _TOKEN.finditer(text):
        parts += [_plain(text[start : found.start()]), _marked(found, names)]
        start = found.end()
    return Markup("").join([*parts, _plain(text[start:])])


def _plain(text: str) -> Markup:
    return Markup.escape(html.unescape(text))


def _marked(found: re.Match[str], names: Mapping[str, str]) -> Markup:
    if (block := found["block"]) is not None:
        return Markup("<pre class=code><code>{}</code></pre>").format(html.unescape(block))
    if found["code"]:
        return Markup("<code>{}</code>").format(html.unescape(found["code"]))
    if found["bold"]:
        return Markup("<strong>{}</strong>").format(mrkdwn(found["bold"], names))
    if found["italic"]:
        return Markup("<em>{}</em>").format(mrkdwn(found["italic"], names))
    return _link(found["link"], found["label"], names) if found["link"] else Markup("<br>")


def _link(target: str, label: str | None, names: Mapping[str, str]) -> Markup:
    if target[0] in "@#":
        name = names.get(target[1:], label or target[1:])
        return Markup("<span class=name>{}{}</span>").format(target[0], name)
    if found := _DATE.match(target):
        return Markup("<time>{}</time>").format(datetime.fromtimestamp(int(found[1]), UTC).strftime("%-d %B %Y"))
    if target[0] == "!":
        shown = html.unescape(label) if label else f"@{target[1:].partition('^')[0]}"
        return Markup("<span class=name>{}</span>").format(shown)
    return link(html.unescape(target), html.unescape(label or target))


def link(address: str, label: str) -> Markup:
    """Return a link that opens beside the page; an address that is none of the web's is shown as words."""
    if not _SAFE.match(address):
        return Markup.escape(label)
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(address, label)


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    renderer = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True})
    renderer.enable(["table", "strikethrough"])
    renderer.add_render_rule("fence", _fence)
    renderer.add_render_rule("image", lambda _, tokens, index, *__: html.escape(tokens[index].content))
    renderer.add_render_rule("link_open", _link_open)
    return renderer


def _fence(_: RendererHTML, tokens: Sequence[Token], index: int, *__: object) -> str:
    token = tokens[index]
    language = token.info.split()[0] if token.info.split() else ""
    try:
        code = highlight(token.content, get_lexer_by_name(language), _FORMATTER)
    except ClassNotFound:
        code = html.escape(token.content)
    return f'<pre class="code" tabindex="0"><code>{code}</code></pre>\n'


def _link_open(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    tokens[index].attrs |= {"target": "_blank", "rel": "noopener noreferrer"}
    return self.renderToken(tokens, index, options, env)
