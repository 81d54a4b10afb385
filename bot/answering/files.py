"""Files of a question: read to their end where that is possible, and what is left is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.domain import MAX_QUESTION_CHARACTERS
from bot.reading.excerpt import excerpt
from bot.reading.message import LEAST_MATERIAL
from bot.text.redaction import redact, storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.domain import UnreadFile
    from bot.ledger import Entry, Ledger
    from bot.slack.files import FileText, SlackFiles
    from bot.text.wording import Wording

MOST_FILES = 3
"""Of one message so many are read."""


@dataclass(frozen=True, slots=True)
class QuestionFiles:
    """Adds to a question what stands in its files."""

    files: SlackFiles
    ledger: Ledger

    async def read(self, entry: Entry) -> Entry:
        """Return the question with what matters most of its text files in it; what can't be read stays as it was."""
        if not entry.question.files or not self.files.is_allowed:
            return entry
        text, unread = entry.question.text, list(entry.question.files)
        for file in entry.question.files[:MOST_FILES]:
            if content := await self.files.read(file):
                text = _with_content(text, content)
                unread.remove(file)
                if not content.is_whole:
                    unread.append(replace(file, name=content.name, begun=True))
        if text == entry.question.text:
            return entry
        return await self.ledger.questions.record_text(entry, text, unread=unread)


def _with_content(text: str, content: FileText) -> str:
    """Return a text with what matters in a file behind it, without the lines that stand there already."""
    known = set(text.splitlines())
    lines = redact(storable(content.text)).splitlines()
    room = max(MAX_QUESTION_CHARACTERS - len(text), LEAST_MATERIAL)
    new = excerpt("\n".join(line for line in lines if line not in known).strip(), room)
    return f"{text}\n\n{content.name}:\n{new}".strip() if new else text


def unread_lines(files: Sequence[UnreadFile], words: Wording) -> Iterator[str]:
    """Yield what to tell of files that were not read, or not to their end."""
    unread = [file.name or words.file_unnamed for file in files if not file.begun]
    begun = [file.name or words.file_unnamed for file in files if file.begun]
    if unread:
        yield words.file_unread.format(files=", ".join(unread))
    if begun:
        yield words.file_begun.format(files=", ".join(begun))
