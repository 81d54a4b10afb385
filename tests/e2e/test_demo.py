"""`milvusfaq demo`: where nobody can look, a question and its thread; else the page until it is ended."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.e2e.bot_process import environment, starter_index
from tests.standins.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-c", "from bot.entrypoints.cli import main; main()", "demo"]
PATIENCE_S = 60
SETTINGS = environment(MILVUS_URI="milvus.db")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the starter FAQ."""
    shutil.copytree(starter_index(), tmp_path / "milvus.db")
    return tmp_path


def test_where_nobody_can_look_one_question_is_answered_with_its_sources(folder: Path) -> None:
    ended = subprocess.run(
        COMMAND, cwd=folder, env=SETTINGS, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "How is data stored in milvus?" in ended.stdout
    assert "[1] Milvus starter FAQ > Where does Milvus keep the data that I insert? (https://milvus.io" in ended.stdout
    assert "No language model is set up" in ended.stdout


@contextmanager
def demo_in_terminal(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the demo in a terminal until the block ends; give what it said once the page stands."""
    ours, theirs = pty.openpty()
    settings = {**SETTINGS, "CI": "", "SSH_CONNECTION": "here"}
    command = [*COMMAND, "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, env=settings, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        yield process, _read_until(ours, "Ctrl-C")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


def _read_until(terminal: int, words: str) -> str:
    said = ""
    while words not in said:
        said += os.read(terminal, 4_096).decode()
    return said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_page_stands_until_the_demo_is_ended_and_nothing_is_left(folder: Path, how: signal.Signals) -> None:
    with demo_in_terminal(folder, free_port()) as (process, said):
        (address,) = re.findall(r"http://\S+", said)
        assert "Open it in a browser." in said
        assert httpx2.get(address, follow_redirects=True).status_code == 200
        process.send_signal(how)
        assert process.wait(PATIENCE_S) == 0
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(address)


def test_a_port_that_is_taken_is_told_of(folder: Path) -> None:
    port = free_port()
    with demo_in_terminal(folder, port):
        ours, theirs = pty.openpty()
        command = [*COMMAND, "--port", str(port)]
        second = subprocess.Popen(command, cwd=folder, env={**SETTINGS, "CI": ""}, stdout=theirs, stderr=theirs)
        os.close(theirs)
        assert "is another demo running?" in _read_until(ours, "--port")
        assert second.wait(PATIENCE_S) == 1
        os.close(ours)
