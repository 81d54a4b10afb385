"""An ingest beside a bot that is at work, and a kill in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rag import Question
from rag.backends.milvus_lite import adopt_newest_copy, newest_copy
from rag.settings import RagSettings
from rag.wiring import open_retriever
from tests.e2e.bot_process import environment, running_bot, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.standins.slack import SlackStandIn

PATIENCE_S = 60
COMMAND = [sys.executable, "-c", "from bot.entrypoints.cli import main; main()", "ingest"]


def write_runbooks(folder: Path, count: int, word: str) -> Path:
    runbooks = folder / "runbooks"
    runbooks.mkdir(exist_ok=True)
    for number in range(count):
        (runbooks / f"{number}.md").write_text(
            f"# Runbook {number}\n\n## How is pump {number} restarted?\n\n"
            f"Turn the {word} valve number {number} twice.\n"
        )
    return runbooks


def ingest(folder: Path, runbooks: Path) -> str:
    settings = environment(MILVUS_URI=str(folder / "milvus.db"))
    done = subprocess.run(
        [*COMMAND, str(runbooks)], env=settings, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def find(folder: Path, text: str) -> list[str]:
    settings = RagSettings(milvus_uri=str(folder / "milvus.db"), _env_file=None)
    with open_retriever(settings) as retriever:
        return [passage.text for passage in retriever.search_now(Question(text=text), limit=3).passages]


def test_a_running_bot_goes_over_to_what_an_ingest_brings_and_misses_no_question(
    slack: SlackStandIn, tmp_path: Path
) -> None:
    channel = slack.join("C0INGEST")
    settings = {**settings_for(slack, None, tmp_path), "INDEX_REFRESH_S": "0.2"}
    question = "How is pump 3 restarted?"
    ingest(tmp_path, write_runbooks(tmp_path, 5, "red"))
    with running_bot(slack, tmp_path, settings):
        (before,) = slack.wait_for_replies(channel, slack.mention(channel, question))
        assert "green" not in before["text"]
        first = newest_copy(str(tmp_path / "milvus.db"))
        assert "5 new" in ingest(tmp_path, write_runbooks(tmp_path, 5, "green"))
        second = newest_copy(str(tmp_path / "milvus.db"))
        assert second != first
        while "green" not in before["text"]:
            (before,) = slack.wait_for_replies(channel, slack.mention(channel, question))
        assert "0 new, 5 unchanged" in ingest(tmp_path, tmp_path / "runbooks")
        assert newest_copy(str(tmp_path / "milvus.db")) == second
    assert "Turn the green valve" in find(tmp_path, question)[0]
    assert [path.name for path in tmp_path.glob("*.db")] == ["milvus.db"]


@pytest.mark.parametrize("line", ["embed", "insert"])
def test_an_ingest_that_is_killed_leaves_the_index_whole_and_the_next_one_ends_it(tmp_path: Path, line: str) -> None:
    ingest(tmp_path, write_runbooks(tmp_path, 5, "red"))
    runbooks = write_runbooks(tmp_path, 400, "green")
    settings = environment(MILVUS_URI=str(tmp_path / "milvus.db"), TTY_COMPATIBLE="1", TTY_INTERACTIVE="1")
    process = subprocess.Popen([*COMMAND, str(runbooks)], env=settings, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stderr
    heard = b""
    while line.encode() not in heard and process.poll() is None:
        heard += process.stderr.read1()  # type: ignore[attr-defined]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    (best, *_) = find(tmp_path, "How is pump 3 restarted?")
    assert "red valve" in best
    assert "400 new, 0 unchanged, 5 removed" in ingest(tmp_path, runbooks)
    assert "green valve number 3 " in find(tmp_path, "How is pump 3 restarted?")[0]


def test_a_copy_is_put_in_place_only_while_nobody_has_the_index_open(tmp_path: Path) -> None:
    ingest(tmp_path, write_runbooks(tmp_path, 2, "red"))
    uri = str(tmp_path / "milvus.db")
    copy = tmp_path / f"milvus.{'a' * 16}.db"
    with open_retriever(RagSettings(milvus_uri=uri, _env_file=None)):
        copy.mkdir()
        adopt_newest_copy(uri)
        assert newest_copy(uri) == str(copy)
    adopt_newest_copy(uri)
    assert newest_copy(uri) == uri
    assert list((tmp_path / "milvus.db").iterdir()) == []
