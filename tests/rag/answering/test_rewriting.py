"""Rewriting: follow-ups and foreign questions as one English question, and never at a price."""

from __future__ import annotations

import asyncio

import pytest

from rag import Answerer, GenerationError, Message, Notice, Question, RetrievalError
from rag.answering.prompt import NOT_IN_DOCS
from rag.answering.rewriting import LONGEST, Rewriter, clean
from tests.builders import make_passages
from tests.fakes import FakeModel, FakeRetriever

HISTORY = (Message(role="user", text="What is a partition key?"), Message(role="assistant", text="A field."))
FOLLOW_UP = Question(text="how many at most?", history=HISTORY)
FOREIGN = Question(text="Wie viele Partitionen darf eine Collection haben?")


def rewritten(question: Question, model: FakeModel, timeout_s: float = 5) -> str:
    return asyncio.run(Rewriter(model=model, timeout_s=timeout_s).rewrite(question)).text


def test_a_first_question_in_english_costs_no_call() -> None:
    model = FakeModel(["never"])
    assert rewritten(Question(text="How is data stored?"), model) == ""
    assert model.messages == []


@pytest.mark.parametrize("question", [FOLLOW_UP, FOREIGN])
def test_a_follow_up_and_a_foreign_question_are_put_into_words(question: Question) -> None:
    model = FakeModel(['"How many partitions', ' may there be?"\n'])
    assert rewritten(question, model) == "How many partitions may there be?"
    assert f"<question>\n{question.text}\n</question>" in model.messages[0]


@pytest.mark.parametrize(
    "model",
    [
        FakeModel([]),
        FakeModel(["x" * (LONGEST + 1)]),
        FakeModel(["half"], GenerationError("It broke off.")),
        FakeModel(["How many par", Notice(kind="model cut short", text="It was cut.")]),
        FakeModel(["<question></question>\n--"]),
    ],
    ids=["empty", "too long", "failed", "cut short", "tags alone"],
)
def test_a_rewriting_that_fails_leaves_the_question_as_it_is(model: FakeModel) -> None:
    retriever = FakeRetriever(make_passages("Ten."))
    answerer = Answerer(
        retriever=retriever, model=FakeModel(["Ten [1]."]), passages=1, rewriter=Rewriter(model=model, timeout_s=5)
    )
    answer = asyncio.run(answerer.answer(FOLLOW_UP))
    assert (retriever.questions, retriever.reworded) == ([FOLLOW_UP], [""])
    assert answer.text == "Ten [1]."


def test_a_rewriting_that_stalls_is_not_waited_for() -> None:
    assert rewritten(FOLLOW_UP, FakeModel(["late"], delay_s=60), timeout_s=0.01) == ""


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        ("How many partitions?\nThis asks for a limit.", "How many partitions?"),
        ("<question>How many partitions?</question>", "How many partitions?"),
        ('Search query: "How many partitions?"', "How many partitions?"),
        ("\n- **How many partitions?**\n", "How many partitions?"),
        ("`nprobe` of IVF_FLAT", "nprobe` of IVF_FLAT"),
        ("what is a_b < c", "what is a_b < c"),
    ],
)
def test_of_a_reply_the_line_that_asks_is_taken(reply: str, line: str) -> None:
    assert clean(reply) == line


def test_a_long_post_is_put_into_one_line() -> None:
    model = FakeModel(["Why does loading stop at 99 %?"])
    post = Question(text="Our collection stops loading.\n" + "It says nothing more in the log. " * 20)
    assert rewritten(post, model) == "Why does loading stop at 99 %?"


def test_a_rewording_begins_with_the_search_and_is_ended_with_it() -> None:
    retriever = FakeRetriever([], error=RetrievalError("Milvus is away."))
    rewriter = Rewriter(model=FakeModel(["late"], delay_s=60), timeout_s=0.05)
    answerer = Answerer(retriever=retriever, model=FakeModel([]), passages=1, rewriter=rewriter)
    with pytest.raises(RetrievalError):
        asyncio.run(answerer.answer(FOLLOW_UP))


def test_the_question_is_searched_beside_its_rewording_and_the_askers_own_is_answered() -> None:
    retriever, model = FakeRetriever(make_passages("Ten.")), FakeModel(["Zehn [1]."])
    rewriter = Rewriter(model=FakeModel(["How many partitions?"]), timeout_s=5)
    answer = asyncio.run(Answerer(retriever=retriever, model=model, passages=1, rewriter=rewriter).answer(FOREIGN))
    assert (retriever.questions, retriever.reworded) == ([FOREIGN], ["How many partitions?"])
    assert FOREIGN.text in model.messages[0]
    assert answer.text == "Zehn [1]."


def test_what_is_off_topic_never_reaches_the_model() -> None:
    model = FakeModel([NOT_IN_DOCS])
    retriever = FakeRetriever(make_passages("one", "two", "three", "four"), off_topic="nothing near")
    answer = asyncio.run(Answerer(retriever=retriever, model=model, passages=4).answer(Question(text="A joke?")))
    assert (answer.kind, len(answer.citations), model.messages) == ("abstained", 3, [])
    retriever.off_topic = "orders"
    assert asyncio.run(Answerer(retriever=retriever, model=model, passages=4).answer(FOLLOW_UP)).citations == ()
