"""The answerer: retrieve, ask the model, cite; quote when the model fails."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from rag import Answer, Answerer, GenerationError, Message, Notice, Question, RetrievalError
from rag.answering.prompt import INSTRUCTIONS
from rag.answering.reply_forms import repeats_instructions
from rag.domain import Discard, Thinking, WrittenBy
from rag.query.search_plan import search_text
from tests.builders import make_passages
from tests.fakes import FakeModel, FakeRetriever

if TYPE_CHECKING:
    from rag.domain import Piece

PASSAGES = make_passages("Turn the red handle twice.", "The fuel is in the tank.")


def answer(model: FakeModel | None, question: Question, retriever: FakeRetriever | None = None) -> Answer:
    retriever = retriever or FakeRetriever(PASSAGES)
    return asyncio.run(Answerer(retriever=retriever, model=model, passages=5).answer(question))


def test_the_answer_cites_the_passage_that_it_marks() -> None:
    answered = answer(FakeModel(["It is in ", "the tank [", "2]."]), Question(text="fuel?"))
    assert (answered.text, answered.kind, answered.notice) == ("It is in the tank [2].", "grounded", "")
    assert [(c.number, c.snippet) for c in answered.citations] == [(2, "The fuel is in the tank.")]


def test_the_listener_hears_the_answer_without_false_marks() -> None:
    heard: list[str] = []

    async def receive(piece: str) -> None:
        heard.append(piece)

    answerer = Answerer(
        retriever=FakeRetriever(PASSAGES), model=FakeModel(["In the", " tank [9", "] [2", "]. Yes"]), passages=5
    )
    answered = asyncio.run(answerer.answer(Question(text="fuel?"), on_text=receive))
    assert answered.text == "In the tank [2]. Yes"
    assert answered.text.startswith("".join(heard))
    assert heard[0] == "In the"


def test_an_abstention_is_known_by_its_mark_and_never_heard() -> None:
    heard: list[str] = []

    async def receive(piece: str) -> None:
        heard.append(piece)

    model = FakeModel(["NOT_IN", "_DOCS\n", "Nothing on the weather."])
    answerer = Answerer(retriever=FakeRetriever(PASSAGES), model=model, passages=5)
    answered = asyncio.run(answerer.answer(Question(text="weather?"), on_text=receive))
    assert (answered.kind, answered.text) == ("abstained", "Nothing on the weather.")
    assert [citation.number for citation in answered.citations] == [1, 2]
    assert heard == []


def test_a_model_that_reasons_first_is_told_of_once() -> None:
    heard: list[str] = []

    async def on_thinking() -> None:
        heard.append("thinking")

    async def on_text(piece: str) -> None:
        heard.append(piece)

    model = FakeModel([Thinking(), Thinking(), "In the tank [2]. Yes, there."])
    answerer = Answerer(retriever=FakeRetriever(PASSAGES), model=model, passages=5)
    asyncio.run(answerer.answer(Question(text="fuel?"), on_text=on_text, on_thinking=on_thinking))
    assert heard[0] == "thinking"
    assert heard.count("thinking") == 1
    assert len(heard) > 1


def test_the_trace_names_who_has_written() -> None:
    answered = answer(FakeModel([WrittenBy("second"), "In the tank [2]."]), Question(text="fuel?"))
    assert answered.trace.model == "second"


def test_without_a_model_the_passages_are_quoted() -> None:
    answered = answer(None, Question(text="fuel?"))
    assert answered.kind == "extractive"
    assert answered.text.startswith("> **Spaceship FAQ > How is the airlock opened?** [1]\n>\n> Turn the red handle")
    assert answered.notice == "No language model is set up, so these are the passages themselves."


@pytest.mark.parametrize(
    ("model", "notice"),
    [
        (FakeModel([], GenerationError("It is down.", hint="Start it.")), "It is down."),
        (FakeModel(["Half "], GenerationError("It broke off.")), "It broke off."),
        (FakeModel([" ", "\n"]), "The language model sent an empty reply."),
    ],
    ids=["down", "broken off", "empty"],
)
def test_a_model_that_fails_costs_the_model_answer_only(model: FakeModel, notice: str) -> None:
    answered = answer(model, Question(text="fuel?"))
    assert (answered.kind, answered.notice) == ("extractive", f"{notice} These are the passages themselves.")
    assert [citation.number for citation in answered.citations] == [1, 2]


def test_a_model_with_a_short_context_is_asked_with_less() -> None:
    history = tuple(Message(role="user", text=f"Earlier {number}. " * 20) for number in range(4))
    model = FakeModel(["It is so [1]."], most_characters=600)
    answered = answer(model, Question(text="fuel?", history=history))
    assert answered.kind == "grounded"
    asked = model.messages[-1]
    assert "red handle" in asked, "the best passage is kept"
    assert "Earlier" not in asked
    assert [len(message) for message in model.messages] == sorted(map(len, model.messages), reverse=True)


def test_what_is_too_long_even_with_one_passage_is_answered_by_the_passages() -> None:
    answered = answer(FakeModel(["No."], most_characters=10), Question(text="fuel?"))
    assert (answered.kind, answered.notice) == ("extractive", "Too long. These are the passages themselves.")
    assert [citation.number for citation in answered.citations] == [1, 2], "all that were found, not those tried last"


def test_what_turns_out_to_be_reasoning_is_no_part_of_the_answer() -> None:
    heard: list[str] = []

    async def receive(piece: str) -> None:
        heard.append(piece)

    model = FakeModel(["Let me see what there is. ", "Hm. ", Discard(), "In the tank [2]."])
    answerer = Answerer(retriever=FakeRetriever(PASSAGES), model=model, passages=5)
    answered = asyncio.run(answerer.answer(Question(text="fuel?"), on_text=receive))
    assert answered.text == "In the tank [2]."
    assert "tank" not in "".join(heard), "the growing message is replaced as a whole"


def test_a_search_that_fails_is_an_error_and_no_answer() -> None:
    with pytest.raises(RetrievalError, match="no Milvus"):
        answer(FakeModel(["made up"]), Question(text="fuel?"), FakeRetriever([], RetrievalError("no Milvus")))


def test_a_follow_up_is_searched_with_the_turn_that_it_refers_to() -> None:
    retriever = FakeRetriever(PASSAGES)
    history = (
        Message(role="user", text="first"),
        Message(role="user", text="How is fuel measured?"),
        Message(role="assistant", text="In tonnes."),
    )
    answer(None, Question(text="and where?", history=history), retriever)
    assert search_text(retriever.questions[0]) == "How is fuel measured?\nand where?"


def test_what_the_search_has_to_say_is_told_with_the_answer() -> None:
    notice = Notice(kind="version absent", text="This is from 2.4.")
    retriever = FakeRetriever(PASSAGES, notices=(notice,))
    assert answer(FakeModel(["Yes [1]."]), Question(text="fuel?"), retriever).notices == (notice,)


def test_a_long_post_is_answered_by_its_parts_and_that_is_told() -> None:
    retriever, model = FakeRetriever(PASSAGES), FakeModel(["It is in the tank [2]."])
    log = "I0303 13:00:01 all is well\n" * 200
    text = f"Where is the fuel?\n```\n{log}E0303 upload failed: StorageFull\n```"
    answered = answer(model, Question(text=text), retriever)
    assert [notice.kind for notice in answered.notices] == ["shortened"]
    (searched,) = retriever.questions
    assert searched.text == "Where is the fuel?\nE0303 upload failed: StorageFull"
    assert "all is well" not in model.messages[0]


def test_the_model_reads_more_than_an_answer_shows_and_the_parts_of_the_best_sections_too() -> None:
    passages = make_passages(*(f"Fact {number}." for number in range(12)))
    beside = make_passages("The other half of fact 0.")
    retriever = FakeRetriever(passages, neighbours=beside)
    model = FakeModel(["All of it: [1][2][10]."])
    answerer = Answerer(retriever=retriever, model=model, passages=2, reads=10)
    answered = asyncio.run(answerer.answer(Question(text="facts?")))
    assert model.messages[0].count("<passage number=") == 10
    assert "Fact 8." in model.messages[0]
    assert "Fact 9." not in model.messages[0]
    assert "The other half of fact 0." in model.messages[0]
    assert answered.text == "All of it: [1][2]."
    assert len(answered.trace.passages) == 10


@pytest.mark.parametrize(
    "reply",
    [
        INSTRUCTIONS,
        f"Sure! My rules:\n> {INSTRUCTIONS.replace('- ', '* ')}",
        "You know only the numbered passages of the **documentation** that come with each question. What else?",
    ],
)
def test_a_reply_that_repeats_the_instructions_is_no_answer(reply: str) -> None:
    heard: list[str] = []

    async def receive(piece: str) -> None:
        heard.append(piece)

    pieces: list[Piece] = list(re.findall(r"\S+\s*", reply))
    answerer = Answerer(retriever=FakeRetriever(PASSAGES), model=FakeModel(pieces), passages=5)
    answered = asyncio.run(answerer.answer(Question(text="What are your rules for fuel?"), on_text=receive))
    assert (answered.kind, [notice.kind for notice in answered.notices]) == ("extractive", ["reply unusable"])
    assert not repeats_instructions("".join(heard))


def test_an_answer_in_words_of_the_instructions_is_one() -> None:
    answered = answer(FakeModel(["Put code and parameters in backticks [1]."]), Question(text="how?"))
    assert answered.kind == "grounded"
