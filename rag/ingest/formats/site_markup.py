"""Site markup: what MkDocs, Docusaurus, Hugo, Jekyll and VitePress add to Markdown becomes plain Markdown.

A reader of the site sees a box with a title, a tab with its name, a heading; not the marks that make them. What a fence
holds is left as it is, but for the blanks that a box puts before it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INDENT = 4
"""Blanks before what a box or a tab of MkDocs holds."""
UNTITLED = {"code-group", "tabs", "tab-set", "tab-item", "grid", "container", "columns", "row", "raw", "v-pre"}
"""Boxes that no reader sees as such."""
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})")
_BOX = re.compile(r'^([ \t]*)(?:!!!|\?\?\?\+?)[ \t]+([\w-]+)(?:[ \t]+[\w-]+)*(?:[ \t]+"(.*)")?[ \t]*$')
_TAB = re.compile(r'^([ \t]*)===[!+]*()[ \t]+"(.*)"[ \t]*$')
_COLONS = re.compile(r"^[ \t]*:{3,}[ \t]*\{?([\w-]*)\}?[ \t]*(?:\[(.*?)\]|\{[^{}]*\}|(.*?))[ \t]*:*$")
_GITHUB_BOX = re.compile(r"^([ \t]*>[ \t]*)\[!(\w+)\][ \t]*$")
_STATEMENT = re.compile(
    r"""^(?:import\s+(?:[\w{}*,\s]+\s+from\s+)?["'][^"']+["'];?\s*$|export\s+(?:const|let|var|function|class)\s+\w+\s*[=({]|"""
    r"""export\s+default\s+(?:function|class|\(|\{)|export\s+\{)"""
)
"""MDX: an import, or an export, which goes on to the next blank line."""
_MDX_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.DOTALL)
_HIGHLIGHT = re.compile(r"\{%-?\s*highlight\s+(\w+)[^%]*%\}\n?(.*?)\{%-?\s*endhighlight\s*-?%\}", re.DOTALL)
_TITLED_TAG = re.compile(
    r"""\{\{[<%]\s*(?:tab|details|expand|card|step)\b[^{}]*?(?:(?:title|name|header)=)?"([^"{}]+)"[^{}]*?[>%]\}\}"""
    r"""|<TabItem\b[^<>]*?\blabel="([^"<>]+)"[^<>]*>"""
)
_TAGS = re.compile(r"\{\{[<%][^{}]*?[>%]\}\}|\{%[^{}]*?%\}")
_HEADING_WITH_ID = re.compile(r"^#{1,6}\s.*\{:?\s*#")
"""Its attributes are read as its anchor."""
_TARGET_NAME = re.compile(r"^ {0,3}\[(?!\^)([^\[\]\n]+)\]:[ \t]+\S", re.MULTILINE)
_NAMED_LINK = re.compile(r"(?<!\])\[([^\[\]\n]+)\](?:\[([^\[\]\n]*)\]|(?![\[(:]))")
_ATTRIBUTES = re.compile(r"(?:^|(?<=[)\]`*_])|[ \t]+)\{(?::[^{}\n]*|[ \t]*[.#][\w-][^{}\n]*)\}(?=[ \t]*$|[ \t.,;)])")


def plain_markdown(text: str) -> str:
    """Return a page without the marks of its site."""
    text = _HIGHLIGHT.sub(r"```\1\n\2```", text)
    plain = "\n".join(_plain(text.split("\n")))
    targets = {name.lower() for name in _TARGET_NAME.findall(plain)}
    return _NAMED_LINK.sub(lambda link: _words_of(link, targets), plain) if targets else plain


def _words_of(link: re.Match[str], targets: set[str]) -> str:
    """Return the words of a link of the form `[words][name]` or `[name]`, where the page tells where the name leads."""
    return link[1] if (link[2] or link[1]).lower() in targets else link[0]


def _plain(lines: Sequence[str]) -> Iterator[str]:
    prose: list[str] = []
    fence, at = "", 0
    while at < len(lines):
        line = lines[at]
        at += 1
        opening = _FENCE.match(line)
        if fence or opening:
            yield from _plain_prose(prose)
            prose = []
            yield line
            if not fence and opening:
                fence = opening[1]
            elif opening and opening[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif box := _BOX.match(line) or _TAB.match(line):
            yield from _plain_prose(prose)
            prose = []
            held, at = _indented(lines, at, by=len(box[1].expandtabs(INDENT)) + INDENT)
            title = box[2].capitalize() if box[3] is None else box[3]
            yield from ["", *([f"**{title}**", ""] if title else []), *_plain(held), ""]
        else:
            prose.append(line)
    yield from _plain_prose(prose)


def _indented(lines: Sequence[str], at: int, *, by: int) -> tuple[list[str], int]:
    """Return the lines from `at` that are blank or indented, without their indent, and where they end."""
    end = at
    while end < len(lines) and (not lines[end].strip() or lines[end].expandtabs(INDENT).startswith(" " * by)):
        end += 1
    return [line.expandtabs(INDENT)[by:] for line in lines[at:end]], end


def _plain_prose(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines that stand in no fence without their marks."""
    if not lines:
        return
    text = "\n".join(lines)
    if "{/*" in text:
        text = _MDX_COMMENT.sub("", text)
    is_statement = False
    for line in text.split("\n"):
        is_statement = (is_statement and bool(line.strip())) or bool(_STATEMENT.match(line))
        if is_statement:
            is_statement = not line.startswith("import")
        elif colons := _COLONS.match(line):
            yield from _box_line(colons)
        elif github := _GITHUB_BOX.match(line):
            yield f"{github[1]}**{github[2].capitalize()}**"
        else:
            titled = _TITLED_TAG.sub(lambda tag: f"**{tag[1] or tag[2]}**", line)
            titled = _TAGS.sub("", titled)
            yield titled if _HEADING_WITH_ID.match(titled) else _ATTRIBUTES.sub("", titled)


def _box_line(colons: re.Match[str]) -> Iterator[str]:
    """Yield the title of a box that opens; of one that closes, nothing but a blank line."""
    kind, title = colons[1], colons[2] or colons[3] or ""
    if kind in UNTITLED:
        title = ""
    elif kind and not title:
        title = kind.capitalize()
    yield from ["", *([f"**{title}**", ""] if title else [])]
