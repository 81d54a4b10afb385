"""Values: what of a statement can be looked up, and stands in a passage or does not.

Numbers, versions, addresses, commands, and the names that no prose has: `nlist`, queryNode.enableDisk, --all, AGPLv3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# fmt: off
NUMBER_WORDS = {
    "zero": 0, "single": 1, "once": 1, "one": 1, "two": 2, "twice": 2, "both": 2, "double": 2, "three": 3, "four": 4,
    "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "hundred": 100,
    "thousand": 1_000, "million": 10**6, "billion": 10**9, "half": 0.5, "third": 3, "second": 2, "first": 1,
}
UNITS = {
    "b": 1, "byte": 1, "bytes": 1, "kb": 2**10, "kib": 2**10, "mb": 2**20, "mib": 2**20, "gb": 2**30, "gib": 2**30,
    "tb": 2**40, "tib": 2**40, "k": 2**10, "m": 2**20, "g": 2**30, "ms": 0.001, "s": 1, "sec": 1, "second": 1,
    "seconds": 1, "min": 60, "minute": 60, "minutes": 60, "h": 3_600, "hour": 3_600, "hours": 3_600, "day": 86_400,
    "days": 86_400, "%": 0.01, "percent": 0.01, "thousand": 10**3, "million": 10**6, "billion": 10**9,
}
COMMON = frozenset({
    "true", "false", "none", "null", "import", "from", "for", "in", "if", "else", "print", "def", "return", "await",
    "async", "with", "as", "not", "and", "or", "is", "self", "cls", "len", "list", "dict", "str", "int", "float",
    "bool", "set", "new", "class", "var", "let", "const", "localhost", "http", "https", "www", "com", "run", "the",
    "a", "an", "to", "of", "on", "res", "result", "results", "e.g", "i.e", "etc", "vs", "and/or", "yes", "no", "ok",
    "n/a",
})
# fmt: on
_ADDRESS = re.compile(r"https?://[^\s()<>\]\"'`]+")
_PING = re.compile(r"<[@!#][^<>\n]*>")
"""Slack's marks for people and channels."""
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_NUMBER = re.compile(
    r"(?<![\w.\-])[v≥≤<>=~$€]*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*(?:\.x)?)(?:(?:\s|-)?([A-Za-z%]+))?(?![\w])"
)
_PASSAGE_NUMBER = re.compile(r"(?<![A-Za-z_])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*)(?:(?:\s|-)?([A-Za-z%]+))?")
_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_NAME = re.compile(r"[A-Za-z_][\w]*(?:[.\-/]\w+)*")
_IS_NAME = re.compile(r"_\w|[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]|\w[./]\w|[A-Z]{2,}[a-z]{2,}")
_INDEX = re.compile(r"\[\d+\]")
_STEP = re.compile(
    r"\b(?:step|option|part|phase|stage|method|example|case|point|item|schritt)s?\s+\d{1,2}\b|(?:步骤|第)\s*\d{1,2}"
    r"|(?:^|(?<=[\s*_(]))\d{1,2}[.)](?=[\s*_]+\S)",
    re.IGNORECASE | re.MULTILINE,
)
"""Numbers of lists and steps, which count what the model says."""
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Value:
    """A piece of a statement as it stands there, and what it is to be looked up as."""

    text: str
    kind: str
    number: float | None = None
    unit: float | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What of a passage, or of what the asker has said, values are looked up in."""

    flat: str
    names: frozenset[str]
    numbers: frozenset[float]
    versions: frozenset[str]


@lru_cache(maxsize=512)
def looked(text: str) -> Looked:
    """Return what values are looked up in, of a text."""
    numbers: set[float] = set()
    versions: set[str] = set()
    for written, unit in _PASSAGE_NUMBER.findall(text):
        if written.count(".") > 1:
            versions.add(written)
            continue
        versions.add(written.replace(",", ""))
        number = float(written.replace(",", ""))
        numbers.add(number)
        if scale := UNITS.get(unit.lower()):
            numbers.add(number * scale)
    words = {word.lower() for word in _WORD.findall(text)}
    numbers |= {NUMBER_WORDS[word] for word in words & NUMBER_WORDS.keys()}
    names = {variant for name in set(_NAME.findall(text)) for variant in _variants(name)}
    return Looked(
        flat=" ".join(text.lower().split()),
        names=frozenset(names),
        numbers=frozenset(numbers),
        versions=frozenset(versions),
    )


@lru_cache(maxsize=20_000)
def _variants(name: str) -> tuple[str, ...]:
    """Return by what a name is known: as a whole, in its parts, and in what each of them begins with."""
    known = [squashed(name)]
    for part in re.split(r"[.\-/]", name.lower()):
        words = part.split("_")
        known += ["".join(words[:count]) for count in range(1, len(words) + 1)]
    return tuple(known)


def squashed(name: str) -> str:
    """Return a name as its letters and digits: `auto_id`, autoID and `Auto-ID` are one."""
    return re.sub(r"[\W_]+", "", name.lower())


def values(statement: str) -> list[Value]:
    """Return what of a statement can be looked up, each once, in its order."""
    return list(dict.fromkeys(_values(statement)))


def _values(statement: str) -> Iterator[Value]:
    for address in _ADDRESS.findall(statement):
        yield Value(address.rstrip(".,;:!?*"), "address")
    text = _ADDRESS.sub(" ", _PING.sub(" ", statement))
    for _, code in _CODE.findall(text):
        yield from _of_code(code)
    prose = _STEP.sub(" ", _CODE.sub(" ", text))
    yield from _numbers(prose)
    for flag in re.findall(r"(?<![\w-])--[A-Za-z][\w-]*", prose):
        yield Value(flag, "flag")
    for name in _NAME.findall(prose):
        parts = name.split("-") if "-" in name and "/" not in name else [name]  # Float32-Genauigkeit
        named = [part for part in parts if _IS_NAME.search(part) and part.lower() not in COMMON]
        yield from (Value(part, "name") for part in named if not _is_plain_compound(part))


def _of_code(code: str) -> Iterator[Value]:
    yield from _numbers(_INDEX.sub(" ", code))
    for flag in _FLAG.findall(code):
        yield Value(flag, "flag")
    for name in _NAME.findall(_FLAG.sub(" ", code)):
        if name.lower() not in COMMON and len(name) > 1:
            yield Value(name, "name")


def _numbers(text: str) -> Iterator[Value]:
    for match in _NUMBER.finditer(text):
        written, unit = match[1], match[2] or ""
        shown = match[0].strip()
        if written.count(".") > 1 or written.endswith(".x"):
            yield Value(written.removesuffix(".x"), "version")
            continue
        number = float(written.replace(",", ""))
        scale = UNITS.get(unit.lower())
        yield Value(shown if scale else written, "number", number, number * scale if scale else None)


def _is_plain_compound(name: str) -> bool:
    """Tell words with a joint between them (read/write, key-value) from names."""
    return bool(re.fullmatch(r"[A-Za-z]?[a-z]+(?:[\-/][A-Za-z]?[a-z]+)+", name))


def is_held(value: Value, within: Looked) -> bool:
    """Tell whether a value stands in a text."""
    match value.kind:
        case "address":
            return value.text.lower().rstrip("/") in within.flat
        case "version":
            return any(one == value.text or one.startswith(f"{value.text}.") for one in within.versions)
        case "number":
            return _number_is_held(value, within)
        case "flag":
            return value.text.lower() in within.flat
        case _:
            return _name_is_held(value.text, within)


def _number_is_held(value: Value, within: Looked) -> bool:
    wanted = {value.number, value.unit} - {None}
    if any(one in within.numbers for one in wanted):
        return True
    if value.unit is not None and any(abs(value.unit - one) <= 1e-9 * abs(one) for one in within.numbers):
        return True
    return any(one == value.text or one.startswith(f"{value.text}.") for one in within.versions)


def _name_is_held(name: str, within: Looked) -> bool:
    whole = squashed(name)
    if not whole or whole in within.names or whole.removesuffix("s") in within.names or f"{whole}s" in within.names:
        return True
    if name.lower() in within.flat and ("." in name or "/" in name or "-" in name):
        return True
    parts = re.split(r"[./]", name)
    return len(parts) > 1 and all(_name_is_held(part, within) for part in parts if len(part) > 1)
