"""Excerpts: a long text's first lines, its errors and its last."""

from __future__ import annotations

from bot.reading.excerpt import OMITTED, excerpt


def test_a_short_text_stays_as_it_is() -> None:
    assert excerpt("one\ntwo", 20) == "one\ntwo"


def test_of_a_long_text_the_first_lines_the_errors_and_the_last_are_kept_in_their_order() -> None:
    lines = [f"{number} sync done" for number in range(200)]
    lines[120] = "120 FATAL: disk is full"
    kept = excerpt("\n".join(lines), 200).split("\n")
    assert kept[:3] == lines[:3]
    assert lines[120] in kept
    assert kept[-1] == lines[-1]
    assert OMITTED in kept
    assert len("\n".join(kept)) <= 200


def test_of_errors_that_say_the_same_one_is_kept_before_others() -> None:
    lines = ["start", *(f"12:0{number} ERROR: retry {number}" for number in range(50)), "ERROR: no space left", "end"]
    assert "no space left" in excerpt("\n".join(lines), 120)


def test_a_single_long_line_is_cut() -> None:
    assert len(excerpt("x" * 5_000, 600)) <= 600
    assert excerpt("x" * 5_000, 600).startswith("xxx")
