"""Files of a message: what of them can be read, and what has to be told of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain import UnreadFile

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_TYPES = ("text/", *(f"application/{kind}" for kind in ("json", "x-yaml", "yaml", "xml", "toml")))
TEXT_KINDS = {
    *("text", "markdown", "csv", "tsv", "log", "yaml", "json", "xml", "toml", "ini", "diff", "dockerfile", "sql"),
    *("python", "go", "golang", "java", "kotlin", "javascript", "typescript", "shell", "powershell"),
    *("c", "cpp", "csharp", "rust", "ruby", "php", "lua", "puppet"),
}
"""Slack's `filetype` of files that hold plain text."""
GONE = {"tombstone", "hidden_by_limit"}


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a message shows of a file: its title and text, "" for none, and what is left to be read or told."""

    text: str
    unread: UnreadFile | None = None


def read_file(file: Mapping[str, Any]) -> ReadFile:
    """Read what Slack sends of a file with its message: a preview of text, a title, a picture's description."""
    name, title = str(file.get("name") or ""), str(file.get("title") or "")
    titled = title if title not in {"", name, "Untitled"} else ""
    if str(file.get("mode") or "") in GONE:
        return ReadFile("")
    text, is_whole = _preview(file)
    begun = bool(text) and not is_whole
    text = text or str(file.get("alt_txt") or "")
    head = f"{titled or name}:" if text else titled
    unread = None if is_whole else UnreadFile(str(file.get("id") or ""), name or title, _url(file), begun=begun)
    return ReadFile("\n".join(filter(None, (head, text))), unread)


def is_text(file: Mapping[str, Any]) -> bool:
    """Tell a file of plain text."""
    kind, mode = str(file.get("filetype") or ""), str(file.get("mode") or "")
    return str(file.get("mimetype") or "").startswith(TEXT_TYPES) or kind in TEXT_KINDS or mode == "snippet"


def _preview(file: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the text that comes with the message, and whether it is all of it."""
    spoken = _dict(_dict(file.get("transcription")).get("preview"))
    if spoken.get("content"):
        return str(spoken["content"]), not spoken.get("has_more")
    mail, text = file.get("plain_text") or file.get("preview_plain_text"), file.get("preview") if is_text(file) else ""
    if shown := str(mail or text or "").strip("\n"):  # a canvas' preview is HTML
        return shown, not (file.get("preview_is_truncated") or file.get("lines_more"))
    return "", is_text(file) and file.get("size") == 0


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _url(file: Mapping[str, Any]) -> str:
    """Return where a text file can be had as it is; "" for another kind."""
    return str(file.get("url_private_download") or file.get("url_private") or "") if is_text(file) else ""
