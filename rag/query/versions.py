"""Docs versions: which one a question is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.domain import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence


_NUMBER = re.compile(
    r"(?<![\d.])(?P<v>v?)(?P<major>[1-9])(?:\.(?P<minor>\d{1,2})(?:\.(?:\d{1,3}|x))?)?(?:-?rc[\w.-]*)?"
    r"(?![\w/]|\.\d|\s*(?:%|[KMGT]i?B\b|s\b|ms\b|x\b|seconds?\b|minutes?\b|hours?\b|days?\b|million\b|billion\b|times\b"
    r"|\w*(?:nodes?|pods?|replicas?|instances?|servers?|machines?|collections?|vectors?)\b))",
    re.IGNORECASE,
)
"""A number that may be a version: `v2.4`, `2.4.x`, `2.4.5-rc1`, `3`; nothing that counts or measures."""
_BEFORE = re.compile(
    r"(?P<word>[A-Za-z][\w+.-]*?|[\u3040-\u30ff\u4e00-\u9fff]{1,2})??"
    r"(?P<version>[\s_-]*(?:versions?|release|版本|バージョン))?(?:\s*\([^()\n]*\))?(?P<gap>[\s:：=@/_*`-]*)$",  # noqa: RUF001
    re.IGNORECASE,
)
_MILVUS = re.compile(r"(?:.*/)?milvus(?:[-_]?(?:db|standalone|cluster|server|distributed))?", re.IGNORECASE)
_ITS_FORMS = frozenset({"standalone", "cluster", "distributed", "server", "docs", "documentation"})
"""What stands between Milvus' name and its version."""
_LEADS = frozenset(
    {"in", "on", "for", "from", "to", "since", "until", "running", "run", "using", "with", "and", "or", "vs", "than"}
    | {"升级", "级到", "到", "从", "在"}
)
"""What leads to a version that is named alone: `in 2.4`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Which docs versions are searched, and what a reader should know of that."""

    searched: tuple[str, ...]
    notices: tuple[Notice, ...] = ()


def choose_versions(text: str, *, present: Sequence[str], default: str = "") -> Versions:
    """Return the versions that the text names, else `default`, else the newest that is present.

    Of a version that is not present the reader is told. Nothing is chosen where no passage has a version.
    """
    known = sorted((version for version in present if version), key=version_key)
    if not known:
        return Versions(searched=())
    named = named_versions(text)
    searched = tuple(dict.fromkeys(match for name in named if (match := _match(name, known))))
    if searched:
        return Versions(searched=searched)
    chosen = default if default in known else known[-1]
    if not named:
        return Versions(searched=(chosen,))
    text = f"The docs of Milvus {named[0]} are not in my collection; this is from those of {chosen}."
    notice = Notice(kind="version absent", text=text, values={"asked": named[0], "searched": chosen})
    return Versions(searched=(chosen,), notices=(notice,))


def named_versions(text: str) -> list[str]:
    """Return the Milvus versions that the text names, as `2.4`, or `3` where it gives the first number alone."""
    found = (match for match in _NUMBER.finditer(text) if _is_of_milvus(match, text[: match.start()]))
    return [f"{match['major']}.{match['minor']}" if match["minor"] else match["major"] for match in found]


def _is_of_milvus(number: re.Match[str], before: str) -> bool:
    """Tell by what stands before it: versions of operators, charts, SDKs, languages and licences are not Milvus'."""
    said = _BEFORE.search(before[-80:])
    word = ((said and said["word"]) or "").lower()
    if _MILVUS.fullmatch(word):
        return True
    if not said or not number["minor"]:
        return False
    if word:
        return word in _LEADS or word in _ITS_FORMS
    return bool(number["v"] or said["version"])


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by: 2.10 comes after 2.9."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _match(name: str, known: Sequence[str]) -> str | None:
    """Return the newest known version that the name stands for."""
    fitting = [version for version in known if version == name or version.startswith(f"{name}.")]
    return fitting[-1] if fitting else None
