"""Nothing calls home: a bot that answers talks to Slack, its model and Milvus, and to nobody else."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.bot_process import STOP_PATIENCE_S, settings_for
from tests.e2e.soaking import Replica
from tests.standins.connections import watching

if TYPE_CHECKING:
    from tests.standins.model import ModelStandIn
    from tests.standins.slack import SlackStandIn

pytestmark = pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="sockets are read in Linux' /proc")

CALLER = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
    caller.connect(("192.0.2.1", 9))
    print("connected", flush=True)
    sys.stdin.read()
"""


def test_the_watcher_sees_who_calls() -> None:
    with subprocess.Popen([sys.executable, "-c", CALLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        with watching(process.pid) as peers:
            process.stdout.readline()
            while not peers:
                assert process.poll() is None
        process.stdin.close()
    assert peers == {("192.0.2.1", 9)}


def test_a_bot_that_answers_talks_to_nobody_else_and_leaves_nothing_at_home(
    slack: SlackStandIn, model: ModelStandIn, tmp_path: Path
) -> None:
    home, folder = tmp_path / "home", tmp_path / "bot"
    home.mkdir()
    folder.mkdir()
    settings = {**settings_for(slack, model, folder), "HOME": str(home)}
    replica = Replica(folder, settings)
    replica.start()
    assert replica.process
    with watching(replica.process.pid) as peers:
        slack.wait_until_connected()
        channel = slack.new_channel()
        slack.wait_for_replies(channel, slack.mention(channel, "How is data stored in milvus?"))
        replica.end(signal.SIGTERM)
        replica.process.wait(STOP_PATIENCE_S)
    assert peers == set()
    assert [path for path in home.rglob("*") if path.is_file()] == []
