"""Files of a question: what of them gets into it, and what is told of the rest."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bot.answering.files import QuestionFiles, unread_lines
from bot.domain import MAX_QUESTION_CHARACTERS, UnreadFile
from bot.ledger import open_ledger
from bot.slack.files import FileText
from tests.bot.fakes import WORDS, FakeSlackFiles
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from pathlib import Path

    from bot.domain import SlackQuestion

LOG = "\n".join([*(f"{number} all is well" for number in range(2_000)), "FATAL: etcd is full"])


def read(folder: Path, texts: dict[str, FileText], text: str = "why?", *, times: int = 1) -> SlackQuestion:
    files = tuple(UnreadFile(id_, f"{id_}.log", "https://files.slack.com/x", begun=True) for id_ in texts)
    asked = replace(A_QUESTION, text=text, files=files)

    async def scenario() -> SlackQuestion:
        async with open_ledger(f"sqlite:///{folder / 'ledger.sqlite3'}") as ledger:
            entry = await ledger.questions.accept(asked)
            assert entry
            for _ in range(times):
                entry = await QuestionFiles(cast("Any", FakeSlackFiles(texts)), ledger).read(entry)
            return entry.question

    return asyncio.run(scenario())


@pytest.mark.parametrize("words", ["why?", "why? " * 580])
def test_however_much_is_attached_the_question_can_be_asked(tmp_path: Path, words: str) -> None:
    texts = {id_: FileText(f"{id_ * 20}.log", LOG, is_whole=True) for id_ in ("F1", "F2", "F3")}
    question = read(tmp_path, texts, words.strip())
    assert len(question.text) <= MAX_QUESTION_CHARACTERS
    assert question.text.startswith("why?")
    assert question.files == ()
    assert ("FATAL: etcd is full" in question.text) is (words == "why?")


def test_a_file_that_is_too_long_is_read_once(tmp_path: Path) -> None:
    texts = {"F1": FileText("a.log", LOG, is_whole=False)}
    once, again = (read(tmp_path / str(times), texts, times=times) for times in made(tmp_path, 1, 3))
    assert once == again
    assert once.files == (UnreadFile("F1", "a.log", "https://files.slack.com/x", begun=True, is_read=True),)


def made(folder: Path, *names: int) -> tuple[int, ...]:
    for name in names:
        (folder / str(name)).mkdir()
    return names


def test_keys_in_a_file_and_in_its_name_are_redacted(tmp_path: Path) -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwx"
    question = read(tmp_path, {"F1": FileText(f"{key}.env", f"A={key}\nMINIO_SECRET_KEY=q8RtYu2Lm0", is_whole=True)})
    assert key not in question.text
    assert "q8RtYu2Lm0" not in question.text


def test_a_files_name_pings_nobody() -> None:
    (line,) = unread_lines([UnreadFile("F1", "<!channel>.png")], WORDS)
    assert "<!channel>" not in line
