"""Files of a question: read to their end where that is possible, and what is left is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.domain import MAX_QUESTION_CHARACTERS
from bot.reading.excerpt import excerpt
from bot.reading.message import BETWEEN, LEAST_MATERIAL
from bot.text.markdown import sanitize
from bot.text.redaction import redact, storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.domain import UnreadFile
    from bot.ledger import Entry, Ledger
    from bot.slack.files import FileText, SlackFiles
    from bot.text.wording import Wording

READ_TWICE = 4
"""So many times what there is room for is looked at more closely."""
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
        to_read = [file for file in entry.question.files if not file.is_read][:MOST_FILES]
        for number, file in enumerate(to_read):
            if content := await self.files.read(file):
                share = (MAX_QUESTION_CHARACTERS - len(text)) // (len(to_read) - number)
                text = await asyncio.to_thread(_with_content, text, content, share)
                unread.remove(file)
                if not content.is_whole:
                    unread.append(replace(file, name=content.name, begun=True, is_read=True))
        if unread == list(entry.question.files):
            return entry
        return await self.ledger.questions.record_text(entry, text, unread=unread)


def _with_content(text: str, content: FileText, room: int) -> str:
    """Return a text with what matters in a file behind it, in so much room, without the lines that it has already."""
    head = f"{BETWEEN}{redact(storable(content.name))}:\n"
    room -= len(head)
    if room < LEAST_MATERIAL:
        return text
    known = set(text.splitlines())
    lines = (line for line in storable(content.text).splitlines() if line not in known)
    matters = redact(excerpt("\n".join(lines).strip(), READ_TWICE * room))  # redacting a megabyte would take seconds
    new = excerpt("\n".join(line for line in matters.splitlines() if line not in known), room)
    return f"{text}{head}{new}".strip() if new else text


def unread_lines(files: Sequence[UnreadFile], words: Wording) -> Iterator[str]:
    """Yield what to tell of files that were not read, or not to their end."""
    for sentence, told in ((words.file_unread, False), (words.file_begun, True)):
        names = [sanitize(redact(file.name)) or words.file_unnamed for file in files if file.begun is told]
        if names:
            yield sentence.format(files=", ".join(names))
