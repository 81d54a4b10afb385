"""Decoding: bytes become the characters that a file declares, or that they are likeliest meant to be."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from rag.errors import IngestError

_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_DECLARED = re.compile(rb"""<(?:meta[^>]*?charset|\?xml[^>]*?encoding)\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_LOOKED_FOR_IN = 4_096
_LIKE_BROWSERS = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252", "ascii": "cp1252"}
"""Browsers read more by these names than they say."""
WIDE = ("utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "utf_7")
"""What nobody writes without saying so; short texts look like it."""
FEW = 3
"""So many bytes that are wrong are a slip, one in 200 too."""
ASCII, TOO_FEW = 0x7F, 20
"""Of fewer bytes above ASCII nobody can tell an encoding."""
READ_BYTES = 100_000
"""As much is looked at where nothing tells the encoding."""


def decode(content: bytes) -> str:
    """Return the text, its lines ended by line feeds; raise IngestError for what is none, or of no known encoding."""
    text = _decode(content).replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise IngestError("it is not text")
    if not text.strip():
        raise IngestError("it is empty")
    return text.replace("\f", "\n").replace("\x0b", " ").replace("\x85", "\n").replace("\u2028", "\n")


def _decode(content: bytes) -> str:
    for bom, encoding in _BOMS.items():
        if content.startswith(bom):
            return _as(content, encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        declared = _DECLARED.search(content[:_LOOKED_FOR_IN])
    if declared:
        name = declared[1].decode("ascii").lower()
        return _as(content, _LIKE_BROWSERS.get(name, name))
    if b"\0" in content:
        raise IngestError("it is not text")
    if sum(byte > ASCII for byte in content[:READ_BYTES]) < TOO_FEW:
        return _as(content, "cp1252")  # as browsers do
    likeliest = from_bytes(content[:READ_BYTES], cp_exclusion=[*WIDE]).best()
    if likeliest is None:
        raise IngestError("it is not UTF-8, and its encoding can't be told")
    return _as(content, likeliest.encoding)


def _as(content: bytes, encoding: str) -> str:
    """Return the text; a few bytes that are none of that encoding become marks, as in browsers."""
    try:
        text = content.decode(encoding, errors="replace")
    except LookupError as error:
        message = f"it says that it is {encoding}, which nobody knows"
        raise IngestError(message) from error
    wrong = text.count("\ufffd")
    if wrong > max(FEW, len(text) // 200) or 2 * wrong >= len(text):
        message = f"it says that it is {encoding}, and is not"
        raise IngestError(message)
    return text
