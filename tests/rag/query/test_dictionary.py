"""The dictionary: foreign words become the docs' words."""

# ruff: noqa: RUF001 - people write like that

from __future__ import annotations

import numpy as np

from rag.query.dictionary import MOST_CHARACTERS, Unit, latin_words, translate, units

WORDS = ("index", "partition")
WORD_VECTORS = np.eye(2, 3, dtype=np.float32)


def row(*numbers: float) -> list[float]:
    return [*numbers]


def test_words_with_blanks_between_them_are_units_and_so_are_neighbouring_characters_without() -> None:
    assert [unit.text for unit in units("wie lösche ich es")] == ["wie", "lösche", "ich"]
    assert [unit.text for unit in units("删除分区")] == ["删除", "除分", "分区", "删除分", "除分区"]
    assert [unit.text for unit in units("파티션 삭제")] == ["파티션", "삭제"]
    assert [unit.text for unit in units("用Attu查")] == ["attu"]
    assert max(unit.end for unit in units("分区" * 400)) <= MOST_CHARACTERS


def test_the_surest_units_are_taken_and_what_overlaps_them_is_left() -> None:
    found = [Unit(0, 2, "ab"), Unit(1, 3, "bc"), Unit(3, 5, "de"), Unit(5, 7, "fg")]
    vectors = np.array([row(0.99, 0, 0), row(0, 0.97, 0), row(0, 0.95, 0), row(0.5, 0, 0)], dtype=np.float32)
    assert translate(found, vectors, WORDS, WORD_VECTORS) == ["index", "partition"]
    assert translate(found[:2], vectors[:2], WORDS, WORD_VECTORS) == ["index"]


def test_nothing_means_nothing() -> None:
    nothing = np.zeros((0, 3), dtype=np.float32)
    assert translate([], nothing, WORDS, WORD_VECTORS) == []
    assert translate([Unit(0, 2, "ab")], np.ones((1, 3), dtype=np.float32), (), nothing) == []


def test_what_is_english_already_stays() -> None:
    assert latin_words("把 nprobe 从16改到 max_size 会怎样，nprobe？") == ["nprobe", "max_size"]
