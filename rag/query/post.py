"""Posts: what people paste is read into parts, each of which says something else about what is wrong.

A post is rarely one question. A headline tells the trouble, prose what was tried, log lines what the machine said; form
headings and environment lists say nothing. The parts are searched beside the whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

FORM_FILE = "form_lines.txt"
PLAIN_CHARACTERS = 200
"""A text of one line that is no longer is one question: it has no parts."""
HEADLINE_CHARACTERS = 200
ERROR_CHARACTERS = 200
MOST_ERRORS = 3
LONGEST_QUESTION = 3_000
"""Characters that are searched by and that the model reads."""

_FENCE = re.compile(r"```(?:[a-z]+\n)?(.*?)(?:```|\Z)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)|(?<=[。！？])")  # noqa: RUF001 - Chinese full stops on purpose
_TAG = re.compile(
    r"^\s*(?:\[[\w /-]{2,20}\]|(?:bug|question|help|issue|feature(?: request)?|enhancement)\s*:)\s*:?\s*", re.IGNORECASE
)
_LABEL = re.compile(
    r"^(?:what|problem|summary|details|description|title|subject|问题|問題|标题)\*{0,2}\s*[:：]\*{0,2}\s*",  # noqa: RUF001
    re.IGNORECASE,
)
_MARKS = re.compile(r"^[\s#>*_\-•]+|[\s*_:#]+$")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+|\*\*)(?:\S+\s*){1,5}$")
"""A short heading below the first line: the form's, whichever form it is."""
_CHECKBOX = re.compile(r"^\s*(?:[-*]\s*)?\[[ xX]\]\s")
_GREETING = re.compile(
    r"^(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day))\b[\w ,]{0,30}[,.!:]?\s*$"
    r"|^(?:大家好|你好|您好)[，,!！。]?\s*$",  # noqa: RUF001
    re.IGNORECASE,
)
_LOG = re.compile(
    r"""^\s*(?:
        \[?\d{4}[-/]\d\d[-/]\d\d[T\ ]\d\d:\d\d | \[?\d\d:\d\d:\d\d | [EIWF]\d{4}\ | <\d+> |
        \[(?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL|PANIC)\] | (?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL)\b[\s:|] |
        Traceback\ | File\ " | at\ [\w.$<>]+\( | Caused\ by: | goroutine\ \d | panic: | [\w.\-]+\ +\|\  |
        level=\w+ | time=" |
        (?:\w+\.)*\w*(?:Error|Exception)\b.*[:(]
    )""",
    re.VERBOSE,
)
_CODE = re.compile(
    r"""^\s*(?:
        [\w.\-"]+:\s*(?:[|>]?\s*)$ | -\ [\w.\-]+:\ ? | [\w.\-]+:\ \S+$ | (?:from|import)\ \w |
        \w[\w.]*\s*=\s*\S | [\])}{(]+[,;]?\s*$ | [\w.]+\(.*\)?;?\s*$ | \$\ | >>> | \#\  |
        (?:docker|kubectl|helm|pip3?|curl|wget|sudo|export|apt|yum|cd|git)\ | -\ ?[A-Z_]{4,}=
    )""",
    re.VERBOSE,
)
_WRONG = re.compile(
    r"error|exception|fail|panic|fatal|den(?:y|ied)|refused|timed? ?out|timeout|invalid|not found|no such|unable|cannot"
    r"|can't|exceed|mismatch|missing|unsupported|illegal|corrupt|killed|unreachable|unavailable|deadline"
    r"|not (?:exist|support|load)",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"""\[?\d{4}[-/]\d\d[-/]\d\d[T\ ]\d\d:\d\d:\d\d[.,\d]*(?:Z|\ ?[+-]\d\d:?\d\d)?\]? | \b\d\d:\d\d:\d\d[.,\d]*\b |
        \[(?:INFO|WARN|WARNING|ERROR|DEBUG|FATAL)\] | \[[\w/.\-]+\.(?:go|cpp|py|java|cc|h):\d+\] | ^[\w.\-]+\ +\|\  |
        \b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{8,}\b | \b(?=\w*\d)[0-9a-f]{12,}\b | \b\d{9,}\b | 0x[0-9a-f]+ |
        \b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b | (?:/[\w.@\-]+){3,}(?::\d+)? | \[(?:trace_?id|traceID|stack)=[^\]]*\]
    """,
    re.VERBOSE | re.IGNORECASE,
)
_AUTHOR = re.compile(r"^\S[^\n]{0,60} wrote:[ \t]*\n", re.MULTILINE)
_RUNS = re.compile(r"[\s\[\]{}\"'=|]{2,}")
_BRACKETS = re.compile(r"\(.*?\)")
_FIELD = re.compile(r"^[-*•\s]*(?:\*\*)?([\w /().,&-]{2,60}?)(?:\*\*)?\s*[:：=]\s*\S.{0,60}$")  # noqa: RUF001


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post's parts; "" or () for what it lacks.

    `headline` is the line that says what it is about, `prose` what is neither form, log nor code, `errors` what went
    wrong as the machine said it, without time stamps, ids and paths.
    """

    headline: str = ""
    prose: str = ""
    errors: tuple[str, ...] = ()


def read_post(text: str) -> Post | None:
    """Return the parts; None for a plain question, which has none."""
    if len(text) <= PLAIN_CHARACTERS and "\n" not in text.strip():
        return None
    prose: list[str] = []
    machine: list[str] = []
    for block, is_code in _blocks(text):
        for line in block.splitlines():
            if not line.strip() or _is_form(line) or (prose and _HEADING.match(line)):
                continue
            (machine if is_code or _LOG.match(line) or _CODE.match(line) else prose).append(line)
    return Post(headline=_headline(prose), prose=_joined(prose), errors=_errors(machine))


def without_author(text: str) -> str:
    """Return a forwarded post without the line that tells whose it is, which says nothing of the trouble."""
    return _AUTHOR.sub("", text)


def shorten_post(text: str, most: int = LONGEST_QUESTION) -> str:
    """Return what a post says in at most `most` characters.

    Of a longer one that is its first prose, its questions wherever they stand, and its error lines.
    """
    post = read_post(text) if len(text) > most else None
    if post is None:
        return text[:most]
    asking = [one.strip() for one in _SENTENCE.split(post.prose) if one.rstrip().endswith(("?", "？"))]  # noqa: RUF001
    errors = "\n".join(post.errors)
    beginning = post.prose[: most - len(errors) - most // 4]
    later = "\n".join(one for one in asking if one not in beginning)[-most // 4 :]
    return "\n".join(filter(None, (beginning.strip(), later, errors)))[:most] or text[:most]


def _blocks(text: str) -> list[tuple[str, bool]]:
    """Return the text in pieces, and whether each stood in a fence."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for fence in _FENCE.finditer(text):
        pieces += [(text[at : fence.start()], False), (fence[1], True)]
        at = fence.end()
    return [*pieces, (text[at:], False)]


def _is_form(line: str) -> bool:
    """Tell a line that the form brings, not its writer: a heading of its own, a checkbox, a line of the environment."""
    if _CHECKBOX.match(line) or _MARKS.sub("", line).lower() in _form_lines():
        return True
    field = _FIELD.match(line)
    return field is not None and f"{_BRACKETS.sub('', field[1]).strip().lower()}:" in _form_lines()


def _headline(prose: list[str]) -> str:
    """Return the first line that says something; of a long one, its first sentence that asks or complains."""
    for line in prose:
        said = _LABEL.sub("", _TAG.sub("", _MARKS.sub("", line))).strip()
        if not said or _GREETING.match(said):
            continue
        if len(said) <= HEADLINE_CHARACTERS:
            return said
        sentences = _SENTENCE.split(said)
        telling = (one for one in sentences if one.rstrip().endswith(("?", "？")) or _WRONG.search(one))  # noqa: RUF001
        return next(telling, sentences[0])[:HEADLINE_CHARACTERS]
    return ""


def _joined(prose: list[str]) -> str:
    return "\n".join(_TAG.sub("", line).strip() for line in prose)


def _errors(machine: list[str]) -> tuple[str, ...]:
    """Return the last lines that tell of something wrong, each once: a trace ends with what went wrong."""
    said = [_RUNS.sub(" ", _NOISE.sub(" ", line)).strip(" -:,[]") for line in machine if _WRONG.search(line)]
    distinct = dict.fromkeys(line[:ERROR_CHARACTERS] for line in reversed(said) if re.search(r"[^\W\d]{3}", line))
    return tuple(distinct)[:MOST_ERRORS][::-1]


@lru_cache(maxsize=1)
def _form_lines() -> frozenset[str]:
    lines = (files("rag.query") / FORM_FILE).read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
