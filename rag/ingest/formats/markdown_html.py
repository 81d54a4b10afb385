"""HTML inside Markdown: tags become plain Markdown, and what only looks like one stays as it is written.

A tag is what CommonMark takes for one, and HTML's or a component's: `<host>` in a sentence is meant to be read. The
text between the tags is Markdown, so that no parser of HTML pages can read it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

_ELEMENTS = (
    "a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption center cite "
    "code col colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure font "
    "footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link "
    "main map mark meta meter nav noscript object ol optgroup option output p param picture pre progress q rp rt "
    "ruby s samp script search section select slot small source span strong style sub summary sup svg table tbody "
    "td template textarea tfoot th thead time title tr track tt u ul var video wbr path rect circle line g "
    "polygon defs use"
)
_BLOCKS = (
    "address article aside blockquote caption center dd details div dl dt fieldset figcaption figure footer form h1 "
    "h2 h3 h4 h5 h6 header hr li main nav ol p section summary table ul"
)
ELEMENTS, BLOCKS = frozenset(_ELEMENTS.split()), frozenset(_BLOCKS.split())
UNSEEN = frozenset({"script", "style", "svg"})
CELLS = ("td", "th")
ROWS = ("table", "tr")
MAX_DEPTH = 100
TAB_BARS = {"multipleCode", "filter", "tab-wrapper"}
"""Boxes whose links choose the language of the SDK tabs below them."""
BOXES = {"alert", "alter", "admonition"}
SAME_SENTENCE = 0.7
"""SDK tabs that share this much of their words outside code say the same."""
CODE_MARK, CODE_MARK_END = "\ufdd0", "\ufdd1"
"""Around the number of a piece of code, which is put back at the end: characters that no text may hold."""
CODE = re.compile(f"{CODE_MARK}(\\d+){CODE_MARK_END}")
# None of these reads across another of its own openings: a page of nothing but openings still takes linear time.
_ATTRIBUTES = r"""(?:"(?:[^"<]|<[^"\n<>]*>|<(?![A-Za-z/!]))*"|'(?:[^'<]|<[^'\n<>]*>|<(?![A-Za-z/!]))*'|[^<>"'])*"""
_TOKEN = re.compile(
    rf"<!--(?:(?!<!--).)*?-->|</?(?P<name>[A-Za-z][\w.-]*)(?=[\s/>])(?P<attributes>{_ATTRIBUTES})>"
    r"|<(?P<address>(?:https?|mailto|ftp):[^<>\s]+|[\w.+-]+@[\w-]+\.[\w.-]+)>",
    re.DOTALL,
)
_CLASSES = re.compile(r"""\bclass(?:Name)?\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_SDK_LANGUAGE = re.compile(r'<div\s+class="language-(\w+)"')
_COMPONENT = re.compile(r"[A-Z][\w.]*[a-z][\w.]*")
_POWER = re.compile(r"(?<=\d)[-+\u2212]?(?!(?:st|nd|rd|th|tm)\b)\w+|(?<=[\w)])(?:[-+\u2212]?\d+|[a-z])", re.IGNORECASE)


@dataclass(slots=True)
class _Element:
    """An element whose end is not read yet: its name, what it is for, what it holds so far, the SDK tabs at its end."""

    name: str
    role: str = ""
    parts: list[str] = field(default_factory=list)
    tabs: list[str] = field(default_factory=list)


def sdk_languages(text: str) -> tuple[str, ...]:
    """Return the languages of a text's SDK tabs, each once, in their order."""
    return tuple(dict.fromkeys(_SDK_LANGUAGE.findall(text)))


def without_html(text: str, code: list[str]) -> str:
    """Return Markdown without tags; the code of `<pre>` is put into `code` and its mark into the text."""
    writer = _Writer(code)
    endless: set[str] = set()
    at = 0
    while token := _TOKEN.search(text, at):
        writer.write(text[at : token.start()])
        at = token.end()
        name = (token["name"] or "").lower()
        if name and not _is_markup(token, text):
            writer.write(token[0])
        elif name in {"pre", *UNSEEN} - endless and token[0][1] != "/":
            if end := re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, at):
                writer.write_code(text[at : end.start()] if name == "pre" else "")
                at = end.end()
            else:
                endless.add(name)
        else:
            writer.read(token)
    writer.write(text[at:])
    return writer.finish()


def _is_markup(token: re.Match[str], text: str) -> bool:
    """Tell an element of HTML or a component of MDX from `<host>`, `<HOST>` and the type in `List<String>`."""
    name, is_closing = token["name"], token[0].startswith("</")
    if name in ELEMENTS or (name.isupper() and name.lower() in ELEMENTS):
        return True
    if "-" in name:
        return is_closing or "=" in token["attributes"]
    if not _COMPONENT.fullmatch(name) or re.match(r"\w", text[max(0, token.start() - 1) : token.start()]):
        return False
    begin, end = text.rfind("\n", 0, token.start()) + 1, text.find("\n", token.end())
    is_alone = not (text[begin : token.start()] + text[token.end() : len(text) if end < 0 else end]).strip()
    return is_closing or is_alone or bool(token["attributes"].strip()) or f"</{name}" in text


def raised(before: str, text: str) -> str:
    """Return what a raised text reads as behind others: 2^32, but 10th."""
    power = _POWER.fullmatch(before[-1:] + text.strip(), len(before[-1:]))
    return f"^{power[0]}" if power else text


class _Writer:
    """Writes what the elements hold, each in the way of Markdown."""

    def __init__(self, code: list[str]) -> None:
        self._code = code
        self._open = [_Element("")]

    def read(self, token: re.Match[str]) -> None:
        """Write what a tag, a comment or an address in angle brackets stands for."""
        name = (token["name"] or "").lower()
        if token["address"]:
            self.write(token["address"])
        elif token[0].startswith("</"):
            self._end(name)
        elif name:
            self._begin(name, token["attributes"])

    def write(self, text: str) -> None:
        """Write text; what stands between a table's cells is put before the table."""
        holder = self._holder()
        if text.strip() or (text and not holder.tabs and self._open[-1].name not in ROWS):
            self._write_tabs(holder)
            holder.parts.append(text)

    def write_code(self, text: str) -> None:
        """Write what `<pre>` holds: as a fence, in a table's row as code in its line."""
        text = _TOKEN.sub(lambda tag: "" if tag["name"] else tag[0], text)
        text = html.unescape(re.sub(r"\A(?:[ \t]*\n)+|\s+\Z", "", text))
        if not text.strip():
            return
        is_in_line = self._is_in_cell() or self._is_in_row()
        mark = f"{CODE_MARK}{len(self._code)}{CODE_MARK_END}"
        self._code.append(f"`{' '.join(text.split())}`" if is_in_line else f"```\n{text}\n```")
        self._break()
        self.write(f"{mark} " if is_in_line else f"{mark}\n")

    def finish(self) -> str:
        """Return what was written, with what never ends."""
        while len(self._open) > 1:
            if self._open[-1].role == "tab bar":
                self._open[-1].role = ""
            self._end_innermost()
        self._write_tabs(self._open[0])
        return "".join(self._open[0].parts)

    def _begin(self, name: str, attributes: str) -> None:
        if name in (*CELLS, "tr"):
            self._begin_in_table(name)
        elif name == "br":
            self.write(" " if self._is_in_row() else "\n")
        elif name == "code":
            self.write("`")
        elif name == "div":
            self._begin_box(attributes)
        elif name == "sup":
            self._push(name)
        elif name == "table":
            self._break()
            self._push(name)
        elif name in BLOCKS:
            self._break()
            self.write("- " if name == "li" else "")

    def _end(self, name: str) -> None:
        """End an element; the end of one that has not begun is nothing."""
        if name == "code":
            self.write("`")
        elif any(one.name == name for one in self._open[1:]):
            while self._open[-1].name != name:
                self._end_innermost()
            self._end_innermost()
        elif name in BLOCKS:
            self._break()

    def _begin_in_table(self, name: str) -> None:
        while self._open[-1].name in (CELLS if name in CELLS else (*CELLS, "tr")):
            self._end_innermost()
        if name in CELLS and self._open[-1].name != "tr":
            self._push("tr")
        self._push(name)

    def _begin_box(self, attributes: str) -> None:
        found = _CLASSES.search(attributes)
        classes = (found[1] or found[2] or found[3] or "").split() if found else []
        if not TAB_BARS.isdisjoint(classes):
            self._push("div", "tab bar")
        elif any(re.fullmatch(r"language-\w+", one) for one in classes):
            self._push("div", "tab")
        else:
            self._break()
            is_titled = len(classes) > 1 and classes[0] in BOXES
            title = classes[1].removeprefix("alert-").removesuffix("s").capitalize() if is_titled else ""
            self._push("div", f"**{title}:** " if title else "")

    def _push(self, name: str, role: str = "") -> None:
        if len(self._open) < MAX_DEPTH:
            self._open.append(_Element(name, role))

    def _end_innermost(self) -> None:
        ended = self._open.pop()
        self._write_tabs(ended)
        text = "".join(ended.parts)
        if ended.role == "tab":
            self._holder().tabs.append(text.strip("\n"))
        elif ended.name in CELLS:
            self._open[-1].parts.append(" ".join(text.split()))
            self._open[-1].role += ended.name[1]
        elif ended.name == "tr":
            self._write_row(ended)
        elif ended.name == "sup":
            self.write(raised(self._last_line(), text))
        elif ended.role != "tab bar":
            self.write(f"{ended.role}{text.lstrip()}" if ended.role else text)
            self._break()

    def _write_row(self, row: _Element) -> None:
        if not any(row.parts):
            return
        if self._is_in_cell():
            self.write(f"{' '.join(filter(None, row.parts))} ")
            return
        rule = f"| {' | '.join('---' for _ in row.parts)} |\n" if set(row.role) == {"h"} else ""
        self._break()
        self.write(f"| {' | '.join(row.parts)} |\n{rule}")

    def _break(self) -> None:
        """End the line, unless it has just begun; in a table's row all is one line."""
        line = self._last_line()
        if self._is_in_row():
            self.write("" if line.endswith(" ") else " ")
        elif line.strip():
            self.write("\n")

    def _write_tabs(self, element: _Element) -> None:
        if element.tabs:
            element.parts.append("\n\n".join(_said_once(element.tabs)) + "\n\n")
            element.tabs = []

    def _holder(self) -> _Element:
        """Return the innermost element that can hold text."""
        return next(one for one in reversed(self._open) if one.name not in ROWS)

    def _is_in_cell(self) -> bool:
        return any(one.name in CELLS for one in self._open)

    def _is_in_row(self) -> bool:
        """Tell the line of a table that is written in Markdown."""
        return self._last_line().lstrip().startswith("|")

    def _last_line(self) -> str:
        holder = self._holder()
        if holder.tabs:
            return ""
        begin = next((at for at in range(len(holder.parts) - 1, -1, -1) if "\n" in holder.parts[at]), 0)
        return "".join(holder.parts[begin:]).rpartition("\n")[2]


def _said_once(tabs: list[str]) -> list[str]:
    """Return the tabs' texts, but one that says in another language's names what stands already."""
    kept: list[str] = []
    for text in tabs:
        words = _plain_words(text)
        if not any(len(words & other) >= SAME_SENTENCE * len(words | other) for other in map(_plain_words, kept)):
            kept.append(text)
    return kept


def _plain_words(text: str) -> set[str]:
    return set(re.findall(r"\w+", re.sub(rf"{CODE.pattern}|`[^`]*`|\([^)]*\)|<[^<>]*>", " ", text.lower())))
