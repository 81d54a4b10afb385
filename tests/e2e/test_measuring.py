"""The commands that measure what a language model makes of the docs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.test_command_line import PAGE, milvusfaq
from tests.standins import model as model_standin
from tests.standins.model import Reply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.model import ModelStandIn

OPEN, FUEL = "spaceship.md#How is the airlock opened?", "spaceship.md#How much fuel is left?"
ROWS: list[dict[str, object]] = [
    {"id": "a", "kind": "user", "scope": "faq", "question": "How do I open the airlock?", "relevant": [OPEN]},
    {"id": "b", "kind": "user", "scope": "faq", "question": "How much fuel is left?", "relevant": [FUEL]},
    {"id": "c", "kind": "unanswerable", "scope": "none", "question": "Which airlock is the cheapest?", "relevant": []},
]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_answers_are_measured_and_what_was_asked_is_not_asked_again(tmp_path: Path, model: ModelStandIn) -> None:
    settings = {"LEPTONAI_TOKEN": model_standin.TOKEN, "LLM_BASE_URL": model.base_url}
    (tmp_path / "spaceship.md").write_text(PAGE)
    milvusfaq(tmp_path, "ingest", str(tmp_path / "spaceship.md"))
    facts = ["turn the red handle", "wait an hour"]
    cases = write(tmp_path / "cases.jsonl", [{**ROWS[0], "answer_facts": facts}, *ROWS[1:]])
    evidence = write(tmp_path / "evidence.jsonl", [{"id": "a", "evidence": ["red handle|lever"]}])
    run = tmp_path / "run.jsonl"
    model.play(
        Reply("Turn the red handle twice [1]. Then run `airlock --open-all` [1]."),
        Reply(status=404),
        Reply("NOT_IN_DOCS\nNo prices."),
    )
    options = ["--answers", str(run), "--evidence", str(evidence), "--price", "1000,2000"]
    first = milvusfaq(tmp_path, "eval", str(cases), *options, "--limit", "2", **settings)
    assert first.returncode == 0, first.stderr
    assert "2 answers:" in first.stdout
    asked = len(model.requests)
    whole = milvusfaq(tmp_path, "eval", str(cases), *options, **settings)
    assert len(model.requests) == asked + 1
    rows = {row["id"]: row for row in map(json.loads, run.read_text().splitlines())}
    assert [rows[id_]["kind"] for id_ in "abc"] == ["grounded", "extractive", "abstained"]
    kept = {name: rows["a"][name] for name in ("cites_right", "facts", "evidence", "statements", "remarked")}
    assert kept == {"cites_right": True, "facts": 0.5, "evidence": True, "statements": 2, "remarked": 1}
    lines = {line.partition("  ")[0]: line.split("  ") for line in whole.stdout.splitlines()}
    figures = {group: [part.strip() for part in parts[1:] if part.strip()] for group, parts in lines.items()}
    assert figures["answerable"] == ["2", "0.500", "0.500", "0.000", "1.000", "0.500", "1.000", "0.500"]
    assert figures["not in the docs"] == ["1", "0.000", "0.000", "1.000"]
    assert "at a cost of " in whole.stdout


def test_a_check_tells_which_passage_holds_a_statement_and_what_none_holds(tmp_path: Path) -> None:
    passages = [{"heading": "Airlock", "text": PAGE}, {"heading": "Lamp", "text": "The lamp is green."}]
    statements = [
        "Turn the red handle twice to open the airlock.",
        "Turn the red handle 9 times to open the airlock.",
        "Elephants rarely forget their oldest and dearest friends.",
        "Does that help?",
    ]
    rows: list[dict[str, object]] = [
        {"id": str(n), "statement": one, "passages": passages} for n, one in enumerate(statements)
    ]
    checked = milvusfaq(tmp_path, "check", "--file", str(write(tmp_path / "rows.jsonl", rows)), "--json")
    assert checked.returncode == 0, checked.stderr
    found = [json.loads(line) for line in checked.stdout.splitlines()]
    assert [(row["hard"], row["soft"], row["cited"]) for row in found] == [
        ([], False, [0]),
        (["9"], False, [0]),
        ([], True, []),
        ([], False, []),
    ]
    told = milvusfaq(tmp_path, "check", "--file", str(tmp_path / "rows.jsonl")).stdout
    assert "1  not held: 9; passage 1  Turn the red handle 9 times" in told
    odd = milvusfaq(tmp_path, "check", "--file", str(write(tmp_path / "odd.jsonl", [{"id": "x", "statement": "a"}])))
    assert odd.returncode == 1
    assert "Row x has no statement with passages" in odd.stderr
