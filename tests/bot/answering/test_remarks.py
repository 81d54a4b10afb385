"""Remarks below an answer: what was not read of the question, and that it comes late."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.answering.conversation import Conversation
from bot.domain import UnreadFile
from bot.slack.errors import SlackRefusedError
from bot.slack.files import FileText
from tests.bot.answering.handler_scene import Scene, play
from tests.bot.fakes import (
    WORDS,
)
from tests.builders import A_QUESTION

if TYPE_CHECKING:
    from pathlib import Path


FILE = UnreadFile("F1", "a.log", "https://files.slack.com/a.log", begun=True)


def remarks(scene: Scene) -> str:
    """Return the small print below the answer."""
    (*_, message) = scene.destination.messages.values()
    return str([block["elements"] for block in message.blocks if block["type"] == "context"])


def test_a_file_is_read_to_its_end_once(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.files.texts["F1"] = FileText("a.log", "first line\nE: full\npassword=hunter22hunter", is_whole=True)
        await scene.handle()
        (question,) = scene.answerer.questions
        assert question.text == "why?\n\na.log:\nfirst line\nE: full\npassword=[redacted]"
        assert WORDS.file_begun.format(files="a.log") not in remarks(scene)

    play(tmp_path, act, replace(A_QUESTION, files=(FILE,)))


def test_what_was_not_read_of_a_file_is_told(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.handle()
        assert WORDS.file_begun.format(files="a.log") in remarks(scene)
        assert WORDS.file_unread.format(files=f"b.png, {WORDS.file_unnamed}") in remarks(scene)

    play(tmp_path, act, replace(A_QUESTION, files=(FILE, UnreadFile("F2", "b.png"), UnreadFile("F3", ""))))


def test_who_asked_while_nobody_was_there_is_told_that_it_is_late(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.handle()
        assert WORDS.came_late in remarks(scene)

    play(tmp_path, act, replace(A_QUESTION, is_late=True))


def test_a_thread_that_was_not_read_is_told(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.conversations.conversation = Conversation(refusal=SlackRefusedError("thread_not_found"))
        await scene.handle()
        assert "thread_not_found" in remarks(scene)

    play(tmp_path, act)
