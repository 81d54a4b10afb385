"""The multilingual index: kept as text, and searched."""

from __future__ import annotations

import numpy as np
import pytest

from rag.text.multilingual import MultilingualIndex, from_text, to_text


def unit_rows(*rows: tuple[float, float, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    table = np.array(rows, dtype=np.float32).reshape(-1, 3)
    return np.asarray(table / np.linalg.norm(table, axis=1, keepdims=True), dtype=np.float32)


INDEX = MultilingualIndex(
    coverage="labels",
    words=("flush", "segment"),
    word_vectors=unit_rows((1, 0, 0), (0, 1, 0)),
    ids=("p1", "p2", "p3"),
    versions=("2.4", "3.0", ""),
    vector_of=np.array([0, 1, 1]),
    vectors=unit_rows((1, 0.1, 0), (0, 1, 0.3)),
)
NORTH = np.array([0, 1, 0], dtype=np.float32)


def test_it_is_the_same_after_it_was_kept() -> None:
    text = to_text(INDEX)
    assert text.isascii()
    kept = from_text(text)
    assert (kept.coverage, kept.words, kept.ids, kept.versions) == ("labels", INDEX.words, INDEX.ids, INDEX.versions)
    assert kept.vectors == pytest.approx(INDEX.vectors, abs=0.01)
    assert np.linalg.norm(kept.word_vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_the_nearest_come_first_and_only_those_of_the_versions() -> None:
    assert INDEX.nearest(NORTH, limit=2) == ["p2", "p3"]
    assert INDEX.nearest(NORTH, limit=3, versions=["2.4"]) == ["p3", "p1"]
    assert INDEX.cosines(NORTH)[1] == INDEX.cosines(NORTH)[2]
