"""Chat markup: of a reply its answer alone is let through, however it is cut into pieces."""

from __future__ import annotations

import pytest

from rag.domain import Discard, Thinking
from rag.text.chat_markup import MarkupFilter

ANSWER = "It is kept in etcd [1]: `vector<float>`, a < b, x[0]."
REPLIES = {
    "an answer alone": ANSWER,
    "reasoning first": f"<think>\nLet me see [2].\n</think>\n\n{ANSWER}",
    "reasoning in other tags": f"<thinking>Let me see.</thinking>{ANSWER}",
    "reasoning in brackets": f"[THINK]Let me see.[/THINK]{ANSWER}",
    "reasoning twice": f"<think>Let me see.</think><think>Once more.</think>{ANSWER}",
    "only the end of reasoning": f"Let me see. </think> {ANSWER}",
    "channels": "<|channel|>analysis<|message|>Let me see.<|end|><|start|>assistant"
    f"<|channel|>final<|message|>{ANSWER}<|return|>",
    "the end of a turn": f"{ANSWER}</s>",
    "another turn": f"{ANSWER}<|im_end|>\n<|im_start|>user\nAnd metadata?",
    "the beginning of a turn": f"<s><|im_start|>assistant\n{ANSWER}<|eot_id|>",
    "a header": f"<|start_header_id|>assistant<|end_header_id|>\n\n{ANSWER}<end_of_turn>",
}


def shown(markup: MarkupFilter, reply: str, *, size: int) -> str:
    pieces: list[str] = []
    for start in range(0, len(reply), size):
        for piece in markup.feed(reply[start : start + size]):
            if isinstance(piece, Discard):
                pieces.clear()
            elif isinstance(piece, str):
                pieces.append(piece)
    return "".join([*pieces, *markup.end()])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_answer_alone_is_shown(reply: str, size: int) -> None:
    assert shown(MarkupFilter(), reply, size=size) == ANSWER


def test_reasoning_that_never_ends_is_no_answer() -> None:
    assert shown(MarkupFilter(), "<think> Let me see. Once more.", size=3) == ""


def test_an_answer_may_speak_of_the_tags() -> None:
    text = "Set `</think>` or `<|im_end|>` as a stop word [1]."
    assert shown(MarkupFilter(), text, size=4) == text


@pytest.mark.parametrize("reply", ["Let me see.</think>So.", "<think>Let me see.</think>So.", "So."])
def test_who_waits_for_the_end_of_reasoning_shows_nothing_before(reply: str) -> None:
    markup = MarkupFilter(waits_for_close=True)
    pieces = [piece for letter in reply for piece in markup.feed(letter)]
    assert "".join([*(piece for piece in pieces if isinstance(piece, str)), *markup.end()]) == "So."


@pytest.mark.parametrize(
    ("reply", "tells"),
    [
        ("<think>Let me see.</think>So.", True),
        ("<|channel|>analysis<|message|>Let me see.<|end|><|start|>assistant<|channel|>final<|message|>So.", True),
        ("<|channel|>final<|message|>So.", False),
        ("So.", False),
    ],
)
def test_it_tells_that_the_model_reasons_before_it_answers(reply: str, *, tells: bool) -> None:
    pieces = list(MarkupFilter().feed(reply))
    assert (pieces[:1] == [Thinking()]) is tells
    assert pieces[-1] == "So."


def test_a_model_that_opens_no_reasoning_is_known_to_reason_from_its_first_word() -> None:
    assert list(MarkupFilter(waits_for_close=True).feed("Let")) == [Thinking()]
