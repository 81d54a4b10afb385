"""The real bot, `python -m bot`, as a process against the stand-ins."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from bot.settings import OperationsSettings, SlackSettings
from rag.settings import RagSettings
from tests.standins import model as model_standin
from tests.standins import slack as slack_standin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn

PROJECT = Path(__file__).parents[2]
STOP_PATIENCE_S = 20
shared_folder: list[Path] = []
"""Where the processes of a test run keep what they share; empty outside of one."""
OURS = tuple(
    name.upper() for settings in (RagSettings, SlackSettings, OperationsSettings) for name in settings.model_fields
)


def environment(**settings: str) -> dict[str, str]:
    """Return this process' environment without any setting of ours, then with these."""
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}  # noqa: TID251
    return {**inherited, "PYTHONPATH": str(PROJECT), **settings}


def settings_for(slack: SlackStandIn, model: ModelStandIn | None, folder: Path) -> dict[str, str]:
    """Return the settings of a bot between the stand-ins, with Milvus Lite in a folder."""
    settings = {
        "SLACK_BOT_TOKEN": slack_standin.BOT_TOKEN,
        "SLACK_APP_TOKEN": slack_standin.APP_TOKEN,
        "SLACK_API_URL": slack.api_url,
        "SLACK_PACE": "1000",
        "QUESTIONS_PER_USER": "0",
        "QUESTIONS_PER_CHANNEL": "0",
        "MILVUS_URI": str(folder / "milvus.db"),
    }
    if model:
        settings |= {"LEPTONAI_TOKEN": model_standin.TOKEN, "LLM_BASE_URL": model.base_url, "LLM_MAX_RETRIES": "0"}
    return settings


@cache
def starter_index() -> Path:
    """Return a Milvus Lite folder with the starter FAQ, to be copied: making one takes eight seconds.

    The processes of a test run share it (tests/conftest.py): whoever comes first makes it, and the others wait.
    """
    folder = shared_folder[0] if shared_folder else _own_folder()
    index = folder / "starter.db"
    command = [sys.executable, "-c", "from bot.entrypoints.cli import main; main()", "search", "storage"]
    with (folder / "starter.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "starter.whole").exists():
            subprocess.run(command, cwd=folder, env=environment(MILVUS_URI=str(index)), capture_output=True, check=True)
            (folder / "starter.whole").touch()
    return index


def _own_folder() -> Path:
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return folder


@contextmanager
def running_bot(slack: SlackStandIn, folder: Path, settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run the bot until it is connected, and stop it in the end; its log is bot.log in the folder."""
    uri = settings["MILVUS_URI"]
    if "://" not in uri and not Path(uri).exists():
        shutil.copytree(starter_index(), uri)
    log = folder / "bot.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot"], cwd=folder, env=environment(**settings), stderr=output, stdout=output
        )
        try:
            slack.wait_for(lambda: slack.connected() or process.poll() is not None, "the bot's socket")
            assert process.poll() is None, f"the bot ended with {process.poll()}:\n{log.read_text()}"
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(STOP_PATIENCE_S)


def log_of(folder: Path) -> str:
    """Return what the bot in a folder has logged so far."""
    return (folder / "bot.log").read_text()
