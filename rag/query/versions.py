"""Docs versions: which one a question is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.domain import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence


# "v2.4", "2.4.x", "Milvus 3", "version 2.4.5", "in 2.3"; a bare number with a dot only behind a word that asks for one.
_NAMED = re.compile(
    r"(?:\bv|\bmilvus\s+(?:version\s+|v)?|\bversions?\s+v?|\b(?:in|on|for|from|to|since|until|under|running|release)\s+v?"
    r"(?=\d+\.\d))(\d{1,2})(?:\.(\d{1,2}))?(?:\.(?:\d+|x))?(?![\w.]*\d|\s*(?:%|[KMGT]i?B\b|s\b|ms\b|seconds?|minutes?))",
    re.IGNORECASE,
)
_NOT_MILVUS = re.compile(
    r"\b(?:python|java|node|nodejs|go|golang|cuda|ubuntu|centos|kubernetes|k8s|docker|etcd)\W*$", re.IGNORECASE
)


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
    matches = (match for match in _NAMED.finditer(text) if not _NOT_MILVUS.search(text[: match.start()]))
    return [f"{match[1]}.{match[2]}" if match[2] else match[1] for match in matches]


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by: 2.10 comes after 2.9."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _match(name: str, known: Sequence[str]) -> str | None:
    """Return the newest known version that the name stands for."""
    fitting = [version for version in known if version == name or version.startswith(f"{name}.")]
    return fitting[-1] if fitting else None
