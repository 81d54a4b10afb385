"""The `milvusfaq` command, run as a person runs it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import zipfile
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from bot.entrypoints.cli import main
from rag import Answerer
from tests.e2e.bot_process import environment
from tests.standins import model as model_standin
from tests.standins.model import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.standins.model import ModelStandIn

SECONDS = 60
ANSWERER_LOG = logging.getLogger(Answerer.__module__)
PAGE = """\
---
title: Spaceship FAQ
---

## How is the airlock opened?

Turn the red handle twice. Then wait for the lamp.

## How much fuel is left?

Look at `tank.level` on the console: it is given in tonnes.
"""


@dataclass(frozen=True)
class Done:
    """What a command has left behind."""

    returncode: int
    stdout: str
    stderr: str


def milvusfaq_process(folder: Path, *arguments: str, **settings: str) -> Done:
    """Run the command as a person does: in a process of its own."""
    command = [sys.executable, "-c", "from bot.entrypoints.cli import main; main()", *arguments]
    ended = subprocess.run(
        command, cwd=folder, env=environment(**settings), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)


def milvusfaq(folder: Path, *arguments: str, **settings: str) -> Done:
    """Run the command in this process, which spares it two seconds of imports; all that it changes is put back."""
    stdout, stderr, code = StringIO(), StringIO(), 0
    with ExitStack() as stack:
        stack.enter_context(unchanged_process())
        for context in (chdir(folder), redirect_stdout(stdout), redirect_stderr(stderr)):
            stack.enter_context(context)
        os.environ.clear()  # noqa: TID251
        # An ingest in other languages loads a second model: what it makes is tested in tests/rag.
        os.environ.update(environment(**{"MULTILINGUAL": "off"} | settings))  # noqa: TID251
        sys.argv = ["milvusfaq", *arguments]
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, stdout.getvalue(), stderr.getvalue())


@contextmanager
def unchanged_process() -> Iterator[None]:
    """Put back what an entry point sets: the environment, arguments, the umask and the log."""
    variables, arguments, umask = dict(os.environ), sys.argv, os.umask(0)  # noqa: TID251
    os.umask(umask)
    root = logging.getLogger()
    handlers, level, filters = list(root.handlers), root.level, list(ANSWERER_LOG.filters)
    try:
        yield
    finally:
        root.handlers[:], ANSWERER_LOG.filters[:] = handlers, filters
        root.setLevel(level)
        os.environ.clear()  # noqa: TID251
        os.environ.update(variables)  # noqa: TID251
        sys.argv = arguments
        os.umask(umask)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "spaceship.md"
    path.write_text(PAGE)
    return path


def test_the_first_question_is_answered_from_the_starter_faq(tmp_path: Path) -> None:
    asked = milvusfaq_process(tmp_path, "ask", "How is data stored in milvus?")
    assert asked.returncode == 0, asked.stderr
    assert "taking in the starter FAQ" in asked.stderr
    assert asked.stdout.startswith("> **Milvus starter FAQ > Where does Milvus keep the data that I insert?** [1]")
    assert "https://milvus.io/docs/v2.4.x/product_faq.md#Where-does-Milvus-store-data" in asked.stdout
    again = milvusfaq_process(tmp_path, "ask", "How is data stored in milvus?")
    assert again.stderr == ""
    assert again.stdout == asked.stdout


def test_an_answer_is_streamed_and_its_citations_follow(tmp_path: Path, model: ModelStandIn, page: Path) -> None:
    settings = {"LEPTONAI_TOKEN": model_standin.TOKEN, "LLM_BASE_URL": model.base_url}
    milvusfaq(tmp_path, "ingest", str(page))
    model.play(Reply("Turn the red handle twice [1]. Not the blue one [7]."))
    asked = milvusfaq(tmp_path, "ask", "How do I open the airlock?", **settings)
    assert asked.stdout.split("\n\n") == [
        "Turn the red handle twice [1]. Not the blue one.",
        "[1] Spaceship FAQ > How is the airlock opened?\n    “Turn the red handle twice. Then wait for the lamp.”\n",
    ]


def test_json_has_the_answer_its_kind_and_its_citations(tmp_path: Path, model: ModelStandIn, page: Path) -> None:
    settings = {"LEPTONAI_TOKEN": model_standin.TOKEN, "LLM_BASE_URL": model.base_url}
    milvusfaq(tmp_path, "ingest", str(page))
    model.play(Reply("Turn the red handle twice [1]."))
    asked = json.loads(milvusfaq(tmp_path, "ask", "How do I open the airlock?", "--json", **settings).stdout)
    (citation,) = asked["citations"]
    assert 0 < citation.pop("score") <= 1
    assert {**asked, "citations": [citation]} == {
        "answer": "Turn the red handle twice [1].",
        "kind": "grounded",
        "citations": [
            {
                "number": 1,
                "title": "Spaceship FAQ",
                "heading": "How is the airlock opened?",
                "url": "",
                "version": "",
                "snippet": "Turn the red handle twice. Then wait for the lamp.",
            }
        ],
    }


def test_a_stream_that_breaks_off_is_followed_by_the_passages(tmp_path: Path, model: ModelStandIn, page: Path) -> None:
    milvusfaq(tmp_path, "ingest", str(page))
    model.play(Reply("Turn the", break_off=True))
    asked = milvusfaq(
        tmp_path, "ask", "How do I open the airlock?", LEPTONAI_TOKEN=model_standin.TOKEN, LLM_BASE_URL=model.base_url
    )
    assert asked.returncode == 0
    assert "The language model's answer broke off. These are the passages themselves." in asked.stdout
    assert "> **Spaceship FAQ > How is the airlock opened?** [1]" in asked.stdout


def test_search_shows_passages_and_scores(tmp_path: Path, page: Path) -> None:
    milvusfaq(tmp_path, "ingest", str(page))
    found = json.loads(milvusfaq(tmp_path, "search", "fuel", "--limit", "2", "--json").stdout)
    assert [row["heading"] for row in found] == ["How much fuel is left?", "How is the airlock opened?"]
    assert 1 >= found[0]["score"] > found[1]["score"]


def test_ingesting_again_changes_nothing_and_the_starter_makes_way(tmp_path: Path, page: Path) -> None:
    milvusfaq(tmp_path, "ask", "anything")
    first = milvusfaq(tmp_path, "ingest", str(page))
    assert "2 passages from 1 page in" in first.stdout
    assert "The starter FAQ has made way" in first.stdout
    second = milvusfaq(tmp_path, "ingest", str(page))
    assert "0 new, 2 unchanged, 0 removed" in second.stdout
    assert "Nothing has changed" in second.stdout
    anew = milvusfaq(tmp_path, "ingest", "--recreate", str(page))
    assert "2 new, 0 unchanged, 0 removed" in anew.stdout


def test_another_embedding_model_is_told_what_to_do(tmp_path: Path, model: ModelStandIn, page: Path) -> None:
    other = {"EMBEDDING_MODEL": "openai:letters", "EMBEDDING_BASE_URL": model.base_url, "EMBEDDING_API_KEY": "k"}
    milvusfaq(tmp_path, "ingest", str(page))
    refused = milvusfaq(tmp_path, "ask", "fuel?", **other)
    assert refused.returncode == 1
    assert "was made with EMBEDDING_MODEL=bundled (384 dimensions), not with openai:letters (8)" in refused.stderr
    assert "ingest --recreate" in refused.stderr
    milvusfaq(tmp_path, "ingest", "--recreate", str(page), **other)
    found = milvusfaq(tmp_path, "search", "fuel", "--json", **other)
    assert len(json.loads(found.stdout)) == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("ingest", "nowhere"), "nowhere is not there."),
        (("ingest", "http://example.org/docs.zip"), "is not an https address."),
        (("ingest", "https://127.0.0.1:9/docs.zip"), "can't be fetched"),
        (("ingest", "broken.zip"), "is not a .zip that can be read"),
        (("ingest", "spaceship.md", "--only", "en/faq"), "holds no page below 'en/faq'"),
        (("ask", " "), "The question is empty."),
        (("search", ""), "There is nothing to look for."),
        (("eval", "nowhere.jsonl"), "nowhere.jsonl can't be read"),
        (("eval", "spaceship.md"), "line 1, is not a question row"),
    ],
)
def test_what_can_not_work_is_one_line(tmp_path: Path, page: Path, arguments: tuple[str, ...], line: str) -> None:
    page.with_name("broken.zip").write_text("PK and nothing else")
    failed = milvusfaq(tmp_path, *arguments)
    assert failed.returncode == 1
    assert line in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_a_source_that_fails_leaves_the_old_collection_whole(tmp_path: Path, page: Path) -> None:
    milvusfaq(tmp_path, "ingest", str(page))
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("notes.png", "no document here")
    assert milvusfaq(tmp_path, "ingest", "--recreate", "empty.zip").returncode == 1
    assert len(json.loads(milvusfaq(tmp_path, "search", "fuel", "--json").stdout)) == 2


def test_eval_writes_the_run_and_prints_the_figures(tmp_path: Path, page: Path) -> None:
    milvusfaq(tmp_path, "ingest", str(page))
    rows = [
        {
            "id": "a",
            "kind": "user",
            "scope": "faq",
            "question": "fuel left",
            "relevant": ["spaceship.md#How much fuel is left?"],
        },
        {"id": "b", "kind": "user", "scope": "faq", "question": "airlock", "relevant": ["other.md#Elsewhere"]},
        {"id": "c", "kind": "user", "scope": "none", "question": "love?", "relevant": []},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = milvusfaq(tmp_path, "eval", "rows.jsonl", "--scope", "faq", "--run", "run.jsonl")
    assert "1.000" in done.stdout
    assert "2 questions, 1 of them without a right section in this collection." in done.stdout
    run = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert [line["id"] for line in run] == ["a", "b"]
    assert run[0]["chunks"][0]["path"] == "spaceship.md"


def test_the_environment_file_is_read(tmp_path: Path, page: Path) -> None:
    (tmp_path / ".env").write_text("MILVUS_URI=./elsewhere.db\nMILVUS_COLLECTION=from_env\n")
    assert milvusfaq_process(tmp_path, "ingest", str(page)).returncode == 0
    assert (tmp_path / "elsewhere.db").is_dir()
