"""What models write, and what of it an asker sees."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag import Answerer, Question
from rag.answering.prompt import INSTRUCTIONS
from rag.answering.reply_forms import certain, loop_begins, told
from tests.builders import make_passages
from tests.fakes import FakeModel, FakeRetriever

if TYPE_CHECKING:
    import numpy.typing as npt

    from rag import Answer

PASSAGES = make_passages(
    "Turn the red handle twice to open the valve.",
    "The fuel is in the tank below the deck.",
    "The lamp takes 60 seconds.",
)


def answered(reply: str) -> tuple[Answer, str]:
    """Return the answer, and what was heard while the reply came word by word."""
    heard: list[str] = []

    async def receive(piece: str) -> None:
        heard.append(piece)

    model = FakeModel(list(re.findall(r"\S+\s*|\s+", reply)))
    answerer = Answerer(retriever=FakeRetriever(PASSAGES), model=model, passages=3)
    answer = asyncio.run(answerer.answer(Question(text="Where is the fuel?"), on_text=receive))
    return answer, "".join(heard)


@pytest.mark.parametrize(
    ("reply", "kind", "text", "notices"),
    [
        ("The fuel is in the tank [Passage 2].", "grounded", "The fuel is in the tank [2].", []),
        ("The fuel is in the tank (passages 2 and 3).", "grounded", "The fuel is in the tank [2].", []),
        ("The fuel is in the tank.", "grounded", "The fuel is in the tank [2].", ["sources found"]),
        ("The fuel is in the tank [3].", "grounded", "The fuel is in the tank [2].", []),
        ("**NOT_IN_DOCS**\nNo price.", "abstained", "No price.", []),
        ("There is no price. not_in_docs", "abstained", "There is no price.", []),
        (
            "The fuel is in the tank [2].\n\nNOT_IN_DOCS: its price",
            "grounded",
            "The fuel is in the tank [2].",
            ["part missing"],
        ),
        (
            "The fuel is in the tank [2].\n\n**Sources:**\n\n- [2] Tank\n- https://a.example",
            "grounded",
            "The fuel is in the tank [2].",
            [],
        ),
        (
            '<passage number="2">\nThe fuel\n</passage>\n<answer>The fuel is in the tank [2].</answer>',
            "grounded",
            "The fuel is in the tank [2].",
            [],
        ),
        (
            "The fuel is in the tank [2]. The lamp takes 90 seconds [3].",
            "grounded",
            "The fuel is in the tank [2]. The lamp takes 90 seconds [3]. ⚠️",
            ["values missing"],
        ),
        ("The fuel is in the tank [2].\n" + "I hope this helps. " * 40, "grounded", None, ["model looped"]),
    ],
)
def test_what_is_not_for_the_asker_is_not_shown(reply: str, kind: str, text: str | None, notices: list[str]) -> None:
    answer, heard = answered(reply)
    assert (answer.kind, [notice.kind for notice in answer.notices]) == (kind, notices)
    assert text is None or answer.text == text
    assert not re.search("(?i)not_in_docs|passage|sources|<answer", heard)


@pytest.mark.parametrize(
    ("reply", "notice"),
    [
        ("It costs 5 dollars a month and 70 a year.", "not held"),
        ("The answer is:\n\n" * 40, "reply unusable"),
        (" ".join(INSTRUCTIONS.split()[:40]), "reply unusable"),
        ("<context>\n</context>", "reply unusable"),
        ("The documentation says:\n\n```\n<passage", "reply unusable"),
        ("Sure, happy to help!", "reply unusable"),
    ],
)
def test_a_reply_of_which_nothing_is_left_gives_way_to_the_passages(reply: str, notice: str) -> None:
    answer, _ = answered(reply)
    assert (answer.kind, [one.kind for one in answer.notices]) == ("extractive", [notice])
    assert answer.trace.model  # what it took is not lost


def test_a_question_back_is_an_answer() -> None:
    assert answered("Which tank do you mean?")[0].kind == "grounded"


def test_what_no_passage_seems_to_hold_is_remarked_below() -> None:
    far, near = np.array([0.0, 1.0], dtype=np.float32), np.array([1.0, 0.0], dtype=np.float32)

    async def encode(texts: list[str]) -> list[npt.NDArray[np.float32]]:
        return [far for _ in texts]

    model = FakeModel(["The fuel is in the tank [2]. Elephants rarely forget their oldest friends [1]."])
    retriever = FakeRetriever(PASSAGES, vectors={passage.id: np.stack([near]) for passage in PASSAGES})
    answerer = Answerer(retriever=retriever, model=model, passages=3, encode=encode)
    answer = asyncio.run(answerer.answer(Question(text="fuel?")))
    assert answer.text == "The fuel is in the tank [2]. Elephants rarely forget their oldest friends."
    assert answer.notice == "I found no passage that says “Elephants rarely forget their oldest friends.”."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("One two three. " * 12, "One two three. "),
        ("Yes.\n" + "Let me know if this helps.\n" * 9, "Yes.\nLet me know if this helps.\n"),
        ("a b c d e f " * 5, None),
        ("| 0 | 0 |\n" * 30, None),
        ("no, no, no, not at all", None),
    ],
)
def test_a_reply_that_goes_round_in_circles_is_noticed(text: str, kept: str | None) -> None:
    begin = loop_begins(text + "x")
    assert (text[:begin] if begin is not None else None) == kept


def test_a_list_of_sources_goes_and_a_section_on_sources_stays() -> None:
    assert told("Text.\n\nSources of heat:\nsun, fire") == "Text.\n\nSources of heat:\nsun, fire"
    assert told("Text [1].\n\nReferences\n1. A\n2. B\n") == "Text [1]."
    assert certain("Text [1].\n\nSour") == "Text [1].\n"
